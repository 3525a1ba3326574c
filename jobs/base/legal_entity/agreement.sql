-- Few combinations of fields are there: they are counted before they are taken apart.
WITH counted AS (
  SELECT c.source, c.authority, c.agreeing, c.disagreeing, count(*) AS entities
  FROM c
  GROUP BY c.source, c.authority, c.agreeing, c.disagreeing
),
said AS (
  SELECT counted.source, counted.authority, field, counted.entities AS agreeing, 0 AS disagreeing
  FROM counted LATERAL VIEW explode(split(counted.agreeing, ' ')) a AS field
  UNION ALL
  SELECT counted.source, counted.authority, field, 0 AS agreeing, counted.entities AS disagreeing
  FROM counted LATERAL VIEW explode(split(counted.disagreeing, ' ')) d AS field
)
SELECT substring_index(said.source, '__', 1) AS department,
       said.source,
       said.field,
       said.authority,
       sum(said.agreeing + said.disagreeing) AS compared,
       sum(said.agreeing) AS agreeing,
       sum(said.disagreeing) AS disagreeing,
       round(sum(said.agreeing) / sum(said.agreeing + said.disagreeing), 6) AS agreement
FROM said
GROUP BY said.source, said.field, said.authority
