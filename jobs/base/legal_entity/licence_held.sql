SELECT l.holder_entity_id AS entity_id,
       l.licence_oid,
       l.licence_kind_code,
       l.issuer_name,
       l.issue_date,
       l.valid_from_date,
       l.valid_to_date,
       l.licence_state_code
FROM l
WHERE l.holder_entity_id IS NOT NULL
