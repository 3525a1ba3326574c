WITH activity AS (
  SELECT v.person_id, CAST(v.visited_at AS DATE) AS trace_date, 'health.medical_visit' AS source
  FROM v
  UNION ALL
  SELECT t.person_id, CAST(t.tapped_at AS DATE) AS trace_date, 'transport.bus_tap' AS source
  FROM t
  UNION ALL
  SELECT h.husband_id AS person_id, h.registered_date AS trace_date, 'civil_affairs.marriage' AS source
  FROM h
  UNION ALL
  SELECT w.wife_id AS person_id, w.registered_date AS trace_date, 'civil_affairs.marriage' AS source
  FROM w
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
