#!/usr/bin/env python3
"""The deployment's main file: what the container runs, and what puts a new image on Render.

    deploy.py serve                     run the service; the container's command
    deploy.py prepare --all             compile the models; a step of the image's build
    deploy.py render IMAGE@sha256:...   deploy that image, watch it, test it, go back if it fails
    deploy.py smoke-test URL            test a running service

Standard library only: the container and the workflow run it without installing anything.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from exit_status import DONE, MEANINGS, NOT_STARTED

if TYPE_CHECKING:
    from vistazo.service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]

RECORD = "model.sha256"
LETS_NOBODY_IN = "API_KEYS"
MODEL_SUFFIXES = (".keras", ".h5", ".onnx", ".joblib", ".pkl")
LAYERS_SUFFIXES = (".json", ".yaml")  # beside a file of weights
WHERE_MODELS_GO = (
    "The image holds what lies in artifacts/: put the model there, with its card, and set "
    "MODEL_PATH=artifacts/mine/mine.keras."
)

EXAMPLES = """\
examples:
  deploy.py serve
  deploy.py render ghcr.io/me/vistazo@sha256:4f0c... --url https://vistazo.onrender.com
  deploy.py smoke-test https://vistazo.onrender.com

exit status:
"""
EXAMPLES += "".join(f"  {status:<5}{text}\n" for status, text in MEANINGS.items())

RENDER_HELP = """\
Deploys IMAGE to an image-backed service of Render, shows its progress, tests the live service
(ready, one prediction, the expected model) and, where that fails, deploys the image that was live
before. From the environment:

  RENDER_API_KEY, RENDER_SERVICE_ID   the usual way
  RENDER_DEPLOY_HOOK                  instead of both: a hook starts a deploy but tells nothing of
                                      it, so only the live service is watched; name the image to
                                      go back to with --previous
  SERVICE_URL                         the service's address, where --url does not say it
  SERVICE_KEY                         a key for its test, where the service wants one (API_KEYS)
  MODEL_SHA256, MODEL_PATH            the expected model, where --model-sha256 does not say it; else
                                      the one that render.yaml names
"""


def serve() -> int:
    """Become the service: this process, which is PID 1 in a container, is replaced by it."""
    sys.stdout.flush()
    command = [sys.executable, "-m", "vistazo", "serve"]
    os.execve(sys.executable, command, service_environment(os.environ))  # noqa: S606 - our own


def service_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """A deployed service listens on every address, and finds its source from any folder.

    What the environment says goes first, PYTHONPATH included.
    """
    path = [*filter(None, [environment.get("PYTHONPATH")]), str(ROOT / "src")]
    kept = {LETS_NOBODY_IN}  # also where it is empty: its last key was taken out
    chosen = {name: value for name, value in environment.items() if value or name in kept}
    return {
        "HOST": "0.0.0.0",  # noqa: S104
        **pin(chosen),
        **chosen,
        "PYTHONPATH": os.pathsep.join(path),
    }


def pin(environment: Mapping[str, str]) -> dict[str, str]:
    """Keeps a model from a link to the one that the image was built with."""
    link, cache_dir = environment.get("MODEL_PATH", ""), environment.get("CACHE_DIR", "")
    if "://" not in link or not cache_dir:
        return {}
    try:
        record = (Path(cache_dir) / RECORD).read_text(encoding="utf-8")
    except OSError:
        return {}
    sha256, _, built_with = record.strip().partition("  ")
    return {"MODEL_SHA256": sha256} if built_with == link and not _is_of_more(link) else {}


def _is_of_more(link: str) -> bool:
    """Then the hash that was written down is that of what is in a zip, or of layers and weights."""
    return any(suffix in link.lower() for suffix in (".zip", ".json", ".yaml", ".yml"))


def prepare(*, has_others: bool = False) -> int:
    """Compile the model of MODEL_PATH into CACHE_DIR, and load it once to see that it works.

    ``CACHE_DIR/model.sha256`` then says which model that was, as sha256sum does. With others all
    that lie in artifacts/ are compiled too, so that one image serves each of them at once.
    """
    sys.path.insert(0, str(ROOT / "src"))
    from vistazo.errors import ModelNotFoundError, VistazoError
    from vistazo.loading import load_model
    from vistazo.pictures.reader import DirectReader
    from vistazo.service.settings import Settings
    from vistazo.service.telemetry import configure_logging

    configure_logging("console", "info")
    try:
        settings = Settings.from_environment()
        if is_mounted_later(str(settings.model_path)):
            print(f"{settings.model_path} is not here: it is compiled when the service starts.")
            return record_model(settings.cache_dir, "any", str(settings.model_path))
        classifier = load_model(settings.model_source, DirectReader(settings.image_limits))
    except VistazoError as error:
        print(f"deploy.py: {error}", file=sys.stderr)
        if isinstance(error, ModelNotFoundError):
            print(f"deploy.py: {WHERE_MODELS_GO}", file=sys.stderr)
        return NOT_STARTED
    print(f"{classifier.identity.name} {classifier.identity.version} is compiled and works.")
    classifier.close()
    if has_others:
        compile_others(settings)
    return record_model(
        settings.cache_dir, classifier.identity.sha256, os.environ.get("MODEL_PATH", "")
    )


def compile_others(settings: Settings) -> None:
    """One that cannot be served stops no build: it is not the one that was asked for."""
    from dataclasses import replace

    from vistazo.errors import VistazoError
    from vistazo.loading import load_model
    from vistazo.models.drafting import CardHints
    from vistazo.pictures.reader import DirectReader

    alone = replace(settings.model_source, hints=CardHints(), out_of_distribution="off")
    for model in models_in(ROOT / "artifacts"):
        if model == Path(str(settings.model_path)).resolve():
            continue
        try:
            classifier = load_model(alone.of(model), DirectReader(settings.image_limits))
        except VistazoError as error:
            print(f"deploy.py: {model} is left out: {error}", file=sys.stderr)
            continue
        print(f"{classifier.identity.name} {classifier.identity.version} is compiled and works.")
        classifier.close()


def models_in(artifacts: Path) -> list[Path]:
    """Those that lie in its folders beside a card."""
    cards = sorted(artifacts.glob("*/*.card.yaml"))
    stems = [card.with_name(card.name.removesuffix(".card.yaml")) for card in cards]
    return [
        model
        for stem in stems
        for model in _files(stem, MODEL_SUFFIXES) or _files(stem, LAYERS_SUFFIXES)
    ]


def _files(stem: Path, suffixes: Sequence[str]) -> list[Path]:
    named = (stem.with_name(stem.name + suffix) for suffix in suffixes)
    return [file for file in named if file.is_file()]


def is_mounted_later(model: str) -> bool:
    """Whether it is on a disk that only the running container sees, such as /models/mine.h5."""
    path = Path(model)
    return path.is_absolute() and not path.is_relative_to(ROOT) and not path.exists()


def record_model(cache_dir: Path, sha256: str, path: str) -> int:
    """Write down which model was compiled, by "any" that none was: the exit status."""
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        (cache_dir / RECORD).write_text(f"{sha256}  {path}\n", encoding="utf-8")
    except OSError as error:
        print(f"deploy.py: {cache_dir} cannot be written: {error.strerror}.", file=sys.stderr)
        return NOT_STARTED
    return DONE


def arguments() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "deploy.py", description="Run or deploy Vistazo.", epilog=EXAMPLES, formatter_class=raw
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="run the service; the container's command")
    prepares = commands.add_parser("prepare", help="compile the model; a step of the build")
    prepares.add_argument("--all", action="store_true", help="and all others in artifacts/")
    render = commands.add_parser(
        "render",
        help="deploy an image to Render",
        description=RENDER_HELP,
        epilog=EXAMPLES,
        formatter_class=raw,
    )
    add = render.add_argument
    add("image", metavar="IMAGE", help="by digest: NAME@sha256:...")
    add("--url", help="the service's address; by default Render is asked")
    add("--previous", metavar="IMAGE", help="the image to go back to; by default Render is asked")
    add("--timeout", type=float, default=900, metavar="S", help="for the deploy (%(default)s)")
    add_test_arguments(render)
    smoke = commands.add_parser("smoke-test", help="test a running service")
    smoke.add_argument("url", metavar="URL")
    add_test_arguments(smoke)
    return parser


def add_test_arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--model-sha256", metavar="HEX", help="the expected model, or any; by default MODEL_PATH's")
    add("--picture", type=Path, metavar="FILE", help="the picture to send, instead of a made one")
    add("--test-timeout", type=float, default=180, metavar="S", help="for the test (%(default)s)")


def main(argv: list[str], environment: Mapping[str, str]) -> int:
    options = arguments().parse_args(argv)
    if options.command == "serve":
        return serve()
    if options.command == "prepare":
        return prepare(has_others=options.all)
    import commands  # what only a deployment needs: the container's start does not pay for it

    return commands.run(options, environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
