WITH recipient AS (
  SELECT person_id,
         pension_kind_code,
         MIN(receive_state_code) AS receive_state_code,
         CASE WHEN COUNT(stop_date) = COUNT(*) THEN MAX(stop_date) END AS stop_date,
         MAX(last_certified_date) AS last_certified_date
  FROM pension_recipient
  WHERE person_id IS NOT NULL
  GROUP BY person_id, pension_kind_code
), paid AS (
  SELECT person_id,
         pension_kind_code,
         pay_month,
         COUNT(*) AS payment_count,
         SUM(pay_amount) AS paid_amount
  FROM pension_payment
  WHERE person_id IS NOT NULL AND pay_state_code = '1'
  GROUP BY person_id, pension_kind_code, pay_month
), claim AS (
  SELECT recipient.person_id, recipient.pension_kind_code FROM recipient
  UNION
  SELECT person_id, pension_kind_code FROM pension_payment WHERE person_id IS NOT NULL
), year_back AS (
  SELECT claim.person_id,
         claim.pension_kind_code,
         SEQUENCE(
           ADD_MONTHS(TRUNC(CAST(:business_date AS DATE), 'MM'), -11),
           TRUNC(CAST(:business_date AS DATE), 'MM'),
           INTERVAL 1 MONTH
         ) AS months
  FROM claim
), grid AS (
  SELECT year_back.person_id, year_back.pension_kind_code, DATE_FORMAT(month_start, 'yyyy-MM') AS pay_month
  FROM year_back
  LATERAL VIEW EXPLODE(year_back.months) month_list AS month_start
  UNION
  SELECT paid.person_id, paid.pension_kind_code, paid.pay_month FROM paid
), timeline AS (
  SELECT grid.person_id,
         grid.pension_kind_code,
         grid.pay_month,
         true AS is_row,
         CAST(NULL AS STRUCT<day: DATE, source: STRING>) AS seen
  FROM grid
  UNION ALL
  SELECT claim.person_id, claim.pension_kind_code, trace.trace_month, false, STRUCT(trace.last_trace_date, trace.source)
  FROM claim
  JOIN trace ON trace.person_id = claim.person_id
  WHERE trace.last_trace_date <= CAST(:business_date AS DATE)
), traced AS (
  SELECT timeline.person_id,
         timeline.pension_kind_code,
         timeline.pay_month,
         timeline.is_row,
         DATE_FORMAT(ADD_MONTHS(TO_DATE(CONCAT(timeline.pay_month, '-01')), -12), 'yyyy-MM') AS oldest_month,
         MAX(timeline.seen) OVER (
           PARTITION BY timeline.person_id, timeline.pension_kind_code ORDER BY timeline.pay_month
           RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
         ) AS until_then,
         MAX(timeline.seen) OVER (PARTITION BY timeline.person_id, timeline.pension_kind_code) AS newest
  FROM timeline
), notice AS (
  SELECT person_id, death_date, 'civil_affairs.cremation' AS source FROM cremation
  UNION ALL
  SELECT person_id, death_date, 'health.death_certificate' AS source FROM death_certificate
  UNION ALL
  SELECT person_id, death_date, 'public_security.household_change' AS source FROM household_change
), death AS (
  SELECT notice.person_id,
         ARRAY_JOIN(ARRAY_SORT(COLLECT_SET(notice.source)), ',') AS death_sources,
         COUNT(DISTINCT notice.source) AS death_source_count,
         COUNT(DISTINCT notice.death_date) AS death_date_count
  FROM notice
  WHERE notice.person_id IS NOT NULL AND notice.death_date <= CAST(:business_date AS DATE)
  GROUP BY notice.person_id
), served AS (
  SELECT grid.person_id,
         grid.pay_month,
         MIN(serving_sentence.imprison_date) AS prison_from_date,
         MAX(COALESCE(serving_sentence.release_date, serving_sentence.sentence_to_date)) AS prison_to_date,
         BOOL_OR(DATE_FORMAT(serving_sentence.imprison_date, 'yyyy-MM') < grid.pay_month) AS is_unpayable
  FROM grid
  JOIN serving_sentence ON serving_sentence.person_id = grid.person_id
  WHERE serving_sentence.sentence_kind_code = '10'
    AND DATE_FORMAT(serving_sentence.imprison_date, 'yyyy-MM') <= grid.pay_month
    AND COALESCE(
      DATE_FORMAT(COALESCE(serving_sentence.release_date, serving_sentence.sentence_to_date), 'yyyy-MM'), '9999-12'
    ) >= grid.pay_month
  GROUP BY grid.person_id, grid.pay_month
), judged AS (
  SELECT traced.person_id,
         traced.pension_kind_code,
         traced.pay_month,
         COALESCE(
           CASE WHEN DATE_FORMAT(traced.until_then.day, 'yyyy-MM') >= traced.oldest_month THEN traced.until_then END,
           traced.newest
         ) AS trace,
         traced.newest,
         DATE_FORMAT(traced.newest.day, 'yyyy-MM') >= traced.oldest_month AS is_traced,
         CASE WHEN person.death_date <= CAST(:business_date AS DATE) THEN person.death_date END AS death_date,
         CASE WHEN person.is_dead AND person.death_date IS NULL THEN person.life_state_code_source END AS undated_source
  FROM traced
  LEFT JOIN person ON person.person_id = traced.person_id
  WHERE traced.is_row
), stated AS (
  SELECT judged.person_id,
         judged.pension_kind_code,
         judged.pay_month,
         CASE
           WHEN DATE_FORMAT(judged.death_date, 'yyyy-MM') <= judged.pay_month THEN 'dead'
           WHEN served.person_id IS NOT NULL THEN 'in_prison'
           WHEN judged.undated_source IS NOT NULL
             AND COALESCE(DATE_FORMAT(judged.newest.day, 'yyyy-MM') < judged.pay_month, TRUE) THEN 'dead_undated'
           WHEN judged.is_traced OR judged.death_date IS NOT NULL THEN 'alive'
           ELSE 'to_be_checked'
         END AS certification_state_code,
         CASE WHEN judged.is_traced THEN judged.trace END AS trace,
         CASE WHEN judged.newest.day > judged.death_date THEN judged.newest END AS contradiction,
         judged.death_date,
         judged.undated_source,
         served.prison_from_date,
         served.prison_to_date,
         CASE
           WHEN DATE_FORMAT(judged.death_date, 'yyyy-MM') < judged.pay_month THEN 'after_death'
           WHEN served.is_unpayable THEN 'in_prison'
         END AS unpayable
  FROM judged
  LEFT JOIN served ON served.person_id = judged.person_id AND served.pay_month = judged.pay_month
)
SELECT stated.person_id,
       stated.pension_kind_code,
       stated.pay_month,
       stated.certification_state_code,
       stated.trace.day AS last_trace_date,
       stated.trace.source AS last_trace_source,
       stated.death_date,
       CASE WHEN stated.death_date IS NOT NULL THEN death.death_sources ELSE stated.undated_source END AS death_sources,
       CASE WHEN stated.death_date IS NOT NULL THEN death.death_source_count END AS death_source_count,
       CASE WHEN stated.death_date IS NOT NULL THEN death.death_date_count END AS death_date_count,
       stated.contradiction.day AS contradicting_trace_date,
       stated.contradiction.source AS contradicting_trace_source,
       stated.prison_from_date,
       stated.prison_to_date,
       COALESCE(paid.payment_count, 0) AS payment_count,
       COALESCE(paid.paid_amount, 0) AS paid_amount,
       CASE WHEN stated.unpayable IS NOT NULL THEN COALESCE(paid.paid_amount, 0) ELSE 0 END AS overpaid_amount,
       CASE WHEN paid.paid_amount > 0 THEN stated.unpayable END AS overpaid_reason_code,
       recipient.receive_state_code,
       recipient.stop_date,
       recipient.last_certified_date,
       ADD_MONTHS(TRUNC(CAST(:business_date AS DATE), 'MM'), 1) AS _recheck_on
FROM stated
LEFT JOIN death ON death.person_id = stated.person_id
LEFT JOIN paid
  ON paid.person_id = stated.person_id
 AND paid.pension_kind_code = stated.pension_kind_code
 AND paid.pay_month = stated.pay_month
LEFT JOIN recipient ON recipient.person_id = stated.person_id AND recipient.pension_kind_code = stated.pension_kind_code
