SELECT x.person_id,
       s.id_class,
       s.id_no,
       MAX(s.is_anchor) AS is_registered,
       COUNT(DISTINCT s.source) AS source_count,
       MIN(s.since) AS first_seen_date,
       MAX(s.since) AS last_seen_date
FROM x
JOIN s ON s.subject_id = x.subject_id
WHERE s.id_no IS NOT NULL AND s.id_class IS NOT NULL AND NOT (x.guard <=> 'borrowed')
GROUP BY x.person_id, s.id_class, s.id_no
