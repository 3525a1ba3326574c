SELECT holder_entity_id AS entity_id,
       licence_oid,
       licence_kind_code,
       issuer_name,
       issue_date,
       valid_from_date,
       valid_to_date,
       licence_state_code
FROM electronic_licence
WHERE holder_entity_id IS NOT NULL
