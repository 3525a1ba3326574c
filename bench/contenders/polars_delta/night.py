"""Polars + deltalake: one delivery of permits into clean, rejects and the totals per site.

python night.py --work FOLDER --delivery FILE --night N --business-date YYYY-MM-DD
"""

import argparse
from datetime import date
from pathlib import Path

import polars as pl
from deltalake import DeltaTable, write_deltalake

TEXTS = {
    "XKBH": "permit_no", "GDBH": "site_no", "GCLB": "kind_code", "XKZT": "state_code", "QHDM": "division_code",
    "GCMC": "title", "SGDW": "builder_name", "SGDWDM": "builder_uscc", "SQRQ": "applied_date", "KGRQ": "start_date",
    "JGRQ": "end_date", "MJ": "area", "HTJE": "amount", "YGRS": "workers", "CS": "storeys", "JBCK": "office",
    "BZ": "remark", "ZFTZ": "is_public", "DJSJ": "registered_at", "GXSJ": "updated_at",
}  # fmt: skip
COLUMNS = list(TEXTS.values())
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
TYPED = {
    **{name: pl.col(name).str.to_date("%Y%m%d", strict=False) for name in ("applied_date", "start_date", "end_date")},
    "area": pl.col("area").cast(pl.Decimal(12, 2), strict=False),
    "amount": pl.col("amount").cast(pl.Decimal(14, 2), strict=False),
    "workers": pl.col("workers").cast(pl.Int32, strict=False),
    "storeys": pl.col("storeys").cast(pl.Int32, strict=False),
    "is_public": pl.col("is_public").replace_strict({"是": True, "否": False}, default=None, return_dtype=pl.Boolean),
    **{
        name: pl.col(name)
        .str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
        .dt.replace_time_zone("Asia/Shanghai")
        .dt.convert_time_zone("UTC")
        for name in ("registered_at", "updated_at")
    },
}


def valid_uscc(code: pl.Expr) -> pl.Expr:
    values = {sign: place for place, sign in enumerate(ALPHABET)}

    def value(place: int) -> pl.Expr:
        return code.str.slice(place, 1).replace_strict(values, default=0, return_dtype=pl.Int32)

    total = sum((value(place) * weight for place, weight in enumerate(WEIGHTS)), pl.lit(0))
    signs = {sign: place for place, sign in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
    org = sum(
        (
            code.str.slice(place + 8, 1).replace_strict(signs, default=0, return_dtype=pl.Int32) * weight
            for place, weight in enumerate(ORG_WEIGHTS)
        ),
        pl.lit(0),
    )
    check = (11 - org % 11) % 11
    sign = pl.when(check == 10).then(pl.lit("X")).otherwise(check.cast(pl.String))
    shaped = code.str.contains(rf"^[1-9A-Y][1-9A-Y]\d{{6}}[{ALPHABET}]{{10}}$")
    return shaped & ((31 - total % 31) % 31 == value(17)) & (code.str.slice(16, 1) == sign)


def reasons(day: date) -> pl.Expr:
    t = {name: pl.col(f"t_{name}") if name in TYPED else pl.col(name) for name in COLUMNS}
    found = [(t[name].is_null() & pl.col(name).is_not_null(), f"type:{name}") for name in TYPED] + [
        (t["permit_no"].is_null(), "not_null:permit_no"),
        (t["site_no"].is_null(), "not_null:site_no"),
        (t["title"].is_null(), "not_null:title"),
        (~t["division_code"].str.contains(r"^3707\d{2}$"), "matches:division_code"),
        (~valid_uscc(t["builder_uscc"]), "valid_uscc:builder_uscc"),
        (~t["kind_code"].is_in(list("ABCDEF")), "in_codes:kind_code"),
        (~t["state_code"].is_in(list("1234")), "in_codes:state_code"),
        (t["applied_date"] > day, "not_in_future:applied_date"),
        (t["start_date"] < t["applied_date"], "not_before:start_date"),
        (t["end_date"] < t["start_date"], "not_before:end_date"),
        (~t["area"].is_between(0, 1_000_000), "in_range:area"),
        (~t["amount"].is_between(0, 10_000_000_000), "in_range:amount"),
        (t["remark"].str.len_chars() > 40, "max_length:remark"),
    ]
    names = [pl.when(bad.fill_null(False)).then(pl.lit(name)) for bad, name in found]
    return pl.concat_str(names, separator=";", ignore_nulls=True)


def judged(delivery: str, day: date) -> pl.LazyFrame:
    read = pl.scan_csv(delivery, infer_schema=False)
    has_op = "CZBZ" in read.collect_schema().names()
    texts = read.select(
        *[pl.col(theirs).str.strip_chars().replace("", None).alias(ours) for theirs, ours in TEXTS.items()],
        (pl.col("CZBZ") if has_op else pl.lit("I")).alias("op"),
    )
    both = texts.with_columns(**{f"t_{name}": expression for name, expression in TYPED.items()})
    return both.with_columns(
        reasons=pl.when(pl.col("op") == "D").then(pl.lit("")).otherwise(reasons(day)),
    )


def totals(rows: pl.LazyFrame) -> pl.DataFrame:
    return (
        rows.group_by("site_no")
        .agg(
            permits=pl.len().cast(pl.Int64),
            total_amount=pl.col("amount").sum().cast(pl.Decimal(24, 2)),
            largest_area=pl.col("area").max(),
            last_end_date=pl.col("end_date").max(),
        )
        .collect(engine="streaming")
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--delivery", required=True)
    parser.add_argument("--night", type=int, required=True)
    parser.add_argument("--business-date", type=date.fromisoformat, required=True)
    said = parser.parse_args()
    clean, rejects, sites = (str(said.work / name) for name in ("permit", "permit_rejects", "site_permits"))
    lines = judged(said.delivery, said.business_date).collect(engine="streaming")
    bad = lines.filter(pl.col("reasons") != "").select(*COLUMNS, "op", "reasons", pl.lit(said.night).alias("night"))
    good = (
        lines.lazy()
        .filter(pl.col("reasons") == "")
        .select(*[pl.col(f"t_{name}").alias(name) if name in TYPED else name for name in COLUMNS], "op")
        .sort("updated_at", descending=True)
        .unique("permit_no", keep="first", maintain_order=False)
        .collect()
    )
    del lines
    if not DeltaTable.is_deltatable(clean):
        write_deltalake(rejects, bad)
        write_deltalake(clean, good.filter(pl.col("op") != "D").drop("op"))
        write_deltalake(sites, totals(pl.scan_delta(clean)))
        return
    write_deltalake(rejects, bad, mode="overwrite", predicate=f"night = {said.night}")
    keys = good.select("permit_no")
    old = pl.scan_delta(clean).select("permit_no", "site_no").join(keys.lazy(), on="permit_no", how="semi")
    touched = pl.concat([old.select("site_no").collect(), good.select("site_no")]).drop_nulls().unique()
    values = {name: f"s.{name}" for name in COLUMNS}
    (
        DeltaTable(clean)
        .merge(good, "t.permit_no = s.permit_no", source_alias="s", target_alias="t")
        .when_matched_delete("s.op = 'D' AND s.updated_at >= t.updated_at")
        .when_matched_update(values, "s.updated_at > t.updated_at")
        .when_not_matched_insert(values, "s.op <> 'D'")
        .execute()
    )
    fresh = totals(pl.scan_delta(clean).join(touched.lazy(), on="site_no", how="semi"))
    both = touched.join(fresh, on="site_no", how="left")
    present = pl.scan_delta(sites).join(touched.lazy(), on="site_no", how="semi").collect()
    differing = both.join(present, on=both.columns, how="anti", nulls_equal=True)
    if differing.is_empty():
        return
    kept = {name: f"s.{name}" for name in both.columns}
    (
        DeltaTable(sites)
        .merge(differing, "t.site_no = s.site_no", source_alias="s", target_alias="t")
        .when_matched_delete("s.permits IS NULL")
        .when_matched_update(kept)
        .when_not_matched_insert(kept, "s.permits IS NOT NULL")
        .execute()
    )


if __name__ == "__main__":
    main()
