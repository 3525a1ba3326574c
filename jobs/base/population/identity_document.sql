SELECT crosswalk.person_id,
       subject.id_class,
       subject.id_no,
       MAX(subject.is_anchor) AS is_registered,
       COUNT(DISTINCT subject.source) AS source_count,
       MIN(subject.since) AS first_seen_date,
       MAX(subject.since) AS last_seen_date
FROM crosswalk
JOIN subject ON subject.subject_id = crosswalk.subject_id
WHERE subject.id_no IS NOT NULL AND subject.id_class IS NOT NULL AND NOT (crosswalk.guard <=> 'borrowed')
GROUP BY crosswalk.person_id, subject.id_class, subject.id_no
