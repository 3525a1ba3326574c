WITH activity AS (
  SELECT person_id, CAST(visited_at AS DATE) AS trace_date, 'health.medical_visit' AS source
  FROM medical_visit
  UNION ALL
  SELECT person_id, CAST(tapped_at AS DATE) AS trace_date, 'transport.bus_tap' AS source
  FROM bus_tap
  UNION ALL
  SELECT husband_id AS person_id, registered_date AS trace_date, 'civil_affairs.marriage' AS source
  FROM marriage_husband
  UNION ALL
  SELECT wife_id AS person_id, registered_date AS trace_date, 'civil_affairs.marriage' AS source
  FROM marriage_wife
)
SELECT activity.person_id,
       DATE_FORMAT(activity.trace_date, 'yyyy-MM') AS trace_month,
       activity.source,
       MIN(activity.trace_date) AS first_trace_date,
       MAX(activity.trace_date) AS last_trace_date,
       COUNT(*) AS trace_count
FROM activity
WHERE activity.person_id IS NOT NULL AND activity.trace_date IS NOT NULL
GROUP BY activity.person_id, DATE_FORMAT(activity.trace_date, 'yyyy-MM'), activity.source
