"""Asks the real Truss. stdin: a list of questions; stdout: the list of its answers, both JSON."""

import contextlib
import io
import json
import os
import sys
import tarfile
import tempfile
import warnings
from pathlib import Path

import logging

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

from truss.base.truss_config import TrussConfig  # noqa: E402
from truss.contexts.image_builder.serving_image_builder import ServingImageBuilderContext  # noqa: E402
from truss.truss_handle.build import load  # noqa: E402
from truss.util.path import collect_files, load_trussignore_patterns, load_trussignore_patterns_from_truss_dir  # noqa: E402


def main():
    questions = json.load(sys.stdin)
    stdout = sys.stdout
    # Truss prints what it does.
    with contextlib.redirect_stdout(io.StringIO()):
        answers = [answer(question) for question in questions]
    json.dump(answers, stdout)


def answer(question):
    try:
        with tempfile.TemporaryDirectory() as folder:
            if "config" in question:
                return {"ok": True, "config": judge(Path(folder), question["config"])}
            return {"ok": True, **build(Path(folder), question)}
    except Exception as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


def judge(folder, text):
    """What `truss push` checks before it sends anything."""
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    config = TrussConfig.from_yaml(path)
    config.validate_forbid_extra()
    return json.loads(json.dumps(config.to_dict(verbose=True), default=str))


def build(folder, question):
    """What the platform does with an archive: unpack it, and write the context of an image's build."""
    truss, context = folder / "truss", folder / "context"
    with tarfile.open(question["archive"], "r:") as archive:
        odd = [member.name for member in archive.getmembers() if not member.isreg()]
        archive.extractall(truss)
    handle = load(truss)
    config = judge(folder, (truss / "config.yaml").read_text(encoding="utf-8"))
    assert handle.spec.config.docker_server is not None
    with environment(question.get("env", {})):
        ServingImageBuilderContext.run(truss).prepare_image_build_dir(context)
    return {
        "config": config,
        "odd": odd,
        "files": listing(truss, []),
        "uploaded": listing(truss, load_trussignore_patterns_from_truss_dir(truss)),
        "defaults": listing(truss, load_trussignore_patterns()),
        "context": listing(context, []),
        "texts": {name: read(context / name) for name in ("Dockerfile", "supervisord.conf", "proxy.conf")},
    }


def listing(folder, patterns):
    return sorted(path.relative_to(folder).as_posix() for path in collect_files(folder, patterns))


def read(path):
    return path.read_text(encoding="utf-8") if path.exists() else None


@contextlib.contextmanager
def environment(variables):
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


main()
