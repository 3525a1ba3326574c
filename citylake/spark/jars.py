"""The seven Delta jars: fetched once at set-up, checked, and used from a local folder ever after.

They are fetched by the Ivy that Spark itself carries, each jar alone: what their poms would drag in repeats Spark's own
jars in older versions. The folder is filled only with files whose sha256 is the one pinned here, so that whatever
served them, they are the right ones.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from citylake.settings import settings
from citylake.spark.java import java, spark_jars


class JarError(RuntimeError):
    """A jar could not be fetched, or is not the pinned one."""


@dataclass(frozen=True)
class Jar:
    """A pinned jar: its coordinates and the sha256 of its bytes."""

    group: str
    name: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        """Name of the file in the folder of jars."""
        return f"{self.name}-{self.version}.jar"


JARS = (
    Jar(
        "io.delta", "delta-spark_4.2_2.13", "4.4.0", "27d4fd8b1f879535c573ed1c718177d6a27f24d3e626ba02e216369725721ead"
    ),
    Jar("io.delta", "delta-storage", "4.4.0", "c46735481fa8e326b0957be02b4420cbcab4b325bb08009b7f2045a95133f1cc"),
    Jar("io.delta", "delta-kernel-api", "4.4.0", "ee9b5a14ac3b7efdff4d61a58478fe8eb0e5a3fbca43889dca7290795fe79a11"),
    Jar(
        "io.delta", "delta-kernel-defaults", "4.4.0", "225c975199e4718b38ee5b7e6da7f19e9585024262b2cec2656b32151a856b0b"
    ),
    Jar(
        "io.delta",
        "delta-kernel-unitycatalog",
        "4.4.0",
        "cea22dfb4ac562b3cd27bf652697750e8336009d73fb06631363aaaad5345ffa",
    ),
    Jar(
        "io.unitycatalog",
        "unitycatalog-client",
        "0.6.0",
        "48257499a86b801a3e2372cec55ac226ca1c1c7eabe5c118e7302f29a1fdbc19",
    ),
    Jar(
        "io.unitycatalog",
        "unitycatalog-hadoop",
        "0.6.0",
        "c47b63c961c87102b9e1d63809a0915ba4c86b7652f57c8d39ca3a05b441a150",
    ),
)

_FETCH_SECONDS = 600


def jars_folder() -> Path:
    """Return the folder of the jars: ``CITYLAKE_JARS``, or ``.cache/jars`` in the project's folder."""
    return Path(os.environ.get("CITYLAKE_JARS") or settings().project / ".cache" / "jars")


def sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def wrong_jars(folder: Path) -> dict[str, str]:
    """Return, by file name, what is wrong with a folder's jars: ``missing``, or the foreign sha256 it has."""
    wrong = {}
    for jar in JARS:
        path = folder / jar.file
        if not path.is_file():
            wrong[jar.file] = "missing"
        elif (found := sha256(path)) != jar.sha256:
            wrong[jar.file] = f"sha256 {found}"
    return wrong


def delta_class_path() -> list[Path]:
    """Return the seven jars, in a fixed order.

    Raises:
        JarError: one is missing, or not the pinned one.
    """
    folder = jars_folder()
    if wrong := wrong_jars(folder):
        found = "; ".join(f"{name}: {what}" for name, what in wrong.items())
        raise JarError(f"the Delta jars are not the pinned ones ({found}): run 'python -m citylake.spark.jars'")
    return [folder / jar.file for jar in JARS]


def fetch(folder: Path) -> list[str]:
    """Bring the jars that are missing or wrong into a folder, and return their file names.

    Each jar appears whole and checked or not at all.

    Raises:
        JarError: the registry could not be reached, or served something else.
    """
    wanted = [jar for jar in JARS if jar.file in wrong_jars(folder)]
    if not wanted:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    # A private Ivy home: one that remembers an earlier failed fetch keeps failing.
    with tempfile.TemporaryDirectory(prefix=".ivy-", dir=folder) as scratch:
        home = Path(scratch)
        (home / "ivy.xml").write_text(_ivy_module(wanted), "utf-8")
        _run_ivy(home)
        for jar in wanted:
            _accept(home / "out" / jar.file, jar, folder)
    return [jar.file for jar in wanted]


def _accept(fetched: Path, jar: Jar, folder: Path) -> None:
    if not fetched.is_file():
        raise JarError(f"{jar.file} was not served: is the network, or the Ivy settings file, in order?")
    if (found := sha256(fetched)) != jar.sha256:
        raise JarError(
            f"{jar.file} has sha256 {found}, pinned is {jar.sha256}: it was changed on the way, or is another build"
        )
    fetched.replace(folder / jar.file)


def _ivy_module(jars: list[Jar]) -> str:
    dependencies = "".join(
        f'<dependency org="{jar.group}" name="{jar.name}" rev="{jar.version}" transitive="false" conf="*->default"/>'
        for jar in jars
    )
    return (
        '<ivy-module version="2.0"><info organisation="citylake" module="jars"/>'
        f"<dependencies>{dependencies}</dependencies></ivy-module>"
    )


def _run_ivy(home: Path) -> None:
    ivy = [path for path in spark_jars() if path.name.startswith("ivy-")]
    command = [str(java()), f"-Divy.default.ivy.user.dir={home / 'user'}", *_network_options(os.environ, home)]
    command += ["-cp", os.pathsep.join(map(str, ivy)), "org.apache.ivy.Main", "-ivy", str(home / "ivy.xml")]
    if settings := os.environ.get("CITYLAKE_IVY_SETTINGS"):
        command += ["-settings", settings]
    command += ["-cache", str(home / "cache"), "-types", "jar"]
    command += ["-retrieve", str(home / "out" / "[artifact]-[revision].[ext]")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
    if done.returncode:
        raise JarError(f"the jars could not be fetched:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _network_options(environment: Mapping[str, str], home: Path) -> list[str]:
    """Say in Java's words what the usual variables say: a proxy, and a private certificate authority."""
    options = []
    for scheme in ("http", "https"):
        proxy = urlsplit(environment.get(f"{scheme}_proxy") or environment.get(f"{scheme}_proxy".upper()) or "")
        if proxy.hostname:
            options += [f"-D{scheme}.proxyHost={proxy.hostname}", f"-D{scheme}.proxyPort={proxy.port or 80}"]
    if bundle := environment.get("SSL_CERT_FILE"):
        store = home / "authorities.p12"
        store.write_bytes(_trust_store(Path(bundle)))
        options += [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStoreType=PKCS12"]
    return options


def _trust_store(bundle: Path) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

    with warnings.catch_warnings():
        # Some systems' bundles hold a certificate with serial number 0; that is not for this project to put right.
        warnings.filterwarnings("ignore", message="Parsed a serial number")
        authorities = x509.load_pem_x509_certificates(bundle.read_bytes())
    entries = [pkcs12.PKCS12Certificate(found, str(number).encode()) for number, found in enumerate(authorities)]
    return pkcs12.serialize_java_truststore(entries, NoEncryption())


def main() -> int:
    """Fetch what is missing; say what was done."""
    folder = jars_folder()
    try:
        fetched = fetch(folder)
    except JarError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Delta jars: {len(fetched)} fetched, {len(JARS) - len(fetched)} were there already\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
