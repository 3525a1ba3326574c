WITH paid_month AS (
  SELECT person_id, pension_kind_code, pay_month, SUM(pay_amount) AS paid_amount
  FROM pension_payment
  WHERE person_id IS NOT NULL AND pay_state_code = '1'
  GROUP BY person_id, pension_kind_code, pay_month
), paid AS (
  SELECT paid_month.person_id,
         paid_month.pension_kind_code,
         COUNT(*) AS months_paid,
         MIN(paid_month.pay_month) AS first_pay_month,
         MAX(paid_month.pay_month) AS last_pay_month,
         SUM(paid_month.paid_amount) AS total_paid_amount,
         MAX_BY(paid_month.paid_amount, paid_month.pay_month) AS last_paid_amount
  FROM paid_month
  GROUP BY paid_month.person_id, paid_month.pension_kind_code
), listed AS (
  SELECT person_id,
         pension_kind_code,
         MIN(receive_state_code) AS receive_state_code,
         MIN(retire_date) AS retire_date,
         CASE WHEN COUNT(stop_date) = COUNT(*) THEN MAX(stop_date) END AS stop_date,
         SUM(monthly_pension_amount) AS monthly_pension_amount,
         COUNT(*) AS account_count
  FROM pension_recipient
  WHERE person_id IS NOT NULL
  GROUP BY person_id, pension_kind_code
)
SELECT COALESCE(listed.person_id, paid.person_id) AS person_id,
       COALESCE(listed.pension_kind_code, paid.pension_kind_code) AS pension_kind_code,
       CASE
         WHEN listed.person_id IS NULL THEN 'unlisted'
         WHEN listed.stop_date IS NOT NULL THEN 'stopped'
         WHEN paid.person_id IS NULL THEN 'unpaid'
         ELSE 'drawing'
       END AS benefit_state_code,
       listed.receive_state_code,
       listed.retire_date,
       listed.stop_date,
       listed.monthly_pension_amount,
       COALESCE(paid.months_paid, 0) AS months_paid,
       paid.first_pay_month,
       paid.last_pay_month,
       COALESCE(paid.total_paid_amount, 0) AS total_paid_amount,
       paid.last_paid_amount,
       COALESCE(listed.account_count, 0) AS account_count
FROM listed
FULL OUTER JOIN paid ON paid.person_id = listed.person_id AND paid.pension_kind_code = listed.pension_kind_code
