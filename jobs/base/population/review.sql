SELECT x.subject_id,
       x.source,
       x.role,
       x.review_reason,
       x.person_id,
       x.other_person_id,
       x.rule,
       x.candidates,
       x.evidence,
       x.valid_from AS since
FROM x
WHERE x.review_reason IS NOT NULL
