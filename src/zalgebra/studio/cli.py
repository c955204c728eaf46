"""The command line: one verb an action, the same flags everywhere.

Exit codes: 0 done, 2 bad usage or input (one sentence says what), 1 failed, 130 interrupted.
"""

from __future__ import annotations

import functools
import io
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer
from typer.core import TyperGroup

from zalgebra import __version__
from zalgebra.studio.messages import err, out, track
from zalgebra.types import BadInput, ZalgebraError

__all__ = ["app", "main"]


class _Verbs(TyperGroup):
    """The verbs; what is wrong with a call is one sentence, as all else that is wrong."""

    def main(self, *args: Any, standalone_mode: bool = True, **options: Any) -> Any:
        try:
            code = super().main(*args, standalone_mode=False, **options)
        except Exception as error:
            wrong = getattr(error, "format_message", None)  # typer hides the class that has it
            if not standalone_mode or wrong is None:
                raise
            if type(error).__name__ != "NoArgsIsHelpError":  # that one has shown the help
                context = getattr(error, "ctx", None)
                where = context.command_path if context is not None else "zalgebra"
                _refuse(f"{wrong().rstrip('.')} (`{where} -h` shows how)")
            sys.exit(2)
        if standalone_mode:
            sys.exit(code if isinstance(code, int) else 0)
        return code


app = typer.Typer(
    cls=_Verbs,
    help="Latent space arithmetic that keeps the prior.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Method = Literal["lol", "linear", "slerp", "norm", "standardize", "nao"]
Kind = Literal[
    "vae", "beta-vae", "beta-tcvae", "hyperspherical-vae",
    "autoencoder", "pca", "gan", "flow", "diffusion",
]  # fmt: skip
MethodFlag = Annotated[Method, typer.Option("--method", help="How latents are combined.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Fixes everything that is random.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")]
Where = Annotated[
    Path, typer.Option("-w", "--workspace", help="The workspace, made by `fit` or `demo`.")
]
Picture = Annotated[
    Path, typer.Option("-o", "--output", help="Picture to write; its suffix is its format.")
]
Size = Annotated[
    int | None,
    typer.Option("--size", help="Crop square and resize to this many pixels a side."),
]
Labels = Annotated[
    str | None, typer.Option("--labels", help="Label columns to keep, with commas between.")
]
WORKSPACE = Path("zalgebra-demo/faces.zal")
FILES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".npy", ".safetensors", ".json")


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a character shows a "?" for it
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Register a verb; its expected errors become one sentence and exit code 2."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except ZalgebraError as error:
            _refuse(str(error))
            raise typer.Exit(2) from error
        except KeyboardInterrupt as error:
            err.print(
                "zalgebra: interrupted; the same command goes on where it was",
                style="yellow",
                soft_wrap=True,
            )
            raise typer.Exit(130) from error

    # Where words are expressions, "- glasses" is one and not an option.
    lenient = getattr(function, "__name__", "") in ("mix", "edit", "walk", "check")
    return app.command(context_settings={"ignore_unknown_options": lenient})(guarded)


def _refuse(sentence: str) -> None:
    text = f"zalgebra: {' '.join(sentence.split())}"
    err.print(text, style="red", markup=False, highlight=False, soft_wrap=True)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit()


@command
def demo(
    data: Annotated[
        str,
        typer.Option(
            "--data", help="faces, digits, fashion-mnist, or a folder or table of pictures."
        ),
    ] = "faces",
    fit: Annotated[
        bool,
        typer.Option("--fit", help="Fit the faces model anew instead of using the bundled one."),
    ] = False,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the report.")] = Path(
        "zalgebra-demo"
    ),
    size: Size = None,
    group: Annotated[
        str | None,
        typer.Option("--group", help="Label whose items stay together, such as a person."),
    ] = None,
    labels: Labels = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Show what latent arithmetic does, with a figure beside each edit: a report in a folder."""
    say = _teller(as_json)
    say("loading")
    from zalgebra.studio.demo import run
    from zalgebra.studio.recipes import recipe

    _writable(output)
    chosen = recipe(data, size=size, group=group, labels=_split(labels), seed=seed)
    results = run(chosen, output, fit=fit, seed=seed, say=say)
    if as_json:
        _print_json(results)
        return
    if results["edits"]:
        out.print(_summary(results))
    else:
        _say("no labels, so no edits: put the pictures in a folder a class, or add a labels.csv")
    _say(f"report: {output / 'report.html'}")
    workspace = output / f"{chosen.name}.zal"
    if chosen.edits and chosen.edits[0].change.isascii():
        change, item = chosen.edits[0].change, results["next"]
        _say(f"next:   zalgebra edit {item} '{change}' -w {workspace}")


@command
def fit(
    data: Annotated[str, typer.Argument(help="faces, digits, fashion-mnist, a folder or a table.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Workspace to make.")],
    model: Annotated[Kind, typer.Option("--model", help="Kind of model.")] = "vae",
    latent_dim: Annotated[int | None, typer.Option(min=1, help="Entries of a latent.")] = None,
    beta: Annotated[float | None, typer.Option(min=0, help="Weight of the divergence.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the data.")] = None,
    n: Annotated[int | None, typer.Option("-n", min=2, help="Use this many items.")] = None,
    size: Size = None,
    labels: Labels = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Fit a model on pictures and encode them: a workspace to compute in.

    A run that was killed goes on from its last epoch when the same command is given again.
    """
    say = _teller(as_json)
    say("loading")
    from zalgebra.data import datasets
    from zalgebra.studio.locks import fitting
    from zalgebra.studio.recipes import default_model
    from zalgebra.studio.workspace import Workspace

    dataset = datasets.load(data, size=size, n=n, seed=seed, labels=_split(labels))
    network = default_model(dataset.images, model, seed=seed, verbose=not as_json)
    wanted = {"latent_dim": latent_dim, "beta": beta, "max_epochs": epochs}
    given = {k: v for k, v in wanted.items() if v is not None}
    if unknown := given.keys() - network.get_params():
        flag = sorted(unknown)[0].replace("max_", "").replace("_", "-")
        raise BadInput(f"a {type(network).__name__} takes no --{flag}; leave it out")
    network.set_params(**given)
    say(f"fitting a {type(network).__name__} on {len(dataset)} items")
    with fitting(output) as checkpoint:
        network.fit(dataset.images, checkpoint=checkpoint, resume=True)
        begun = (output / "workspace.json").exists()  # by a run that was killed while it encoded
        workspace = Workspace(output) if begun else Workspace.create(output, network)
        workspace.encode(dataset, track=track)
    training = getattr(network, "training_", None)  # one that is solved for, as PCA, has none
    rate = training.items_per_second if training else math.nan
    facts = {
        "workspace": str(output),
        "items": len(workspace),
        "epochs": len(training.history) if training else 0,
        "outcome": training.outcome if training else "finished",
        "items_per_second": round(rate, 1),
        "fingerprint": workspace.spec.fingerprint,
    }
    if as_json:
        _print_json(facts)
    else:
        speed = f", {rate:.0f} images/s" if math.isfinite(rate) else ""
        _say(f"{output}: {facts['items']} items, {facts['epochs']} epochs{speed}")


@command
def encode(
    data: Annotated[str, typer.Argument(help="faces, digits, fashion-mnist, a folder or a table.")],
    workspace: Where = WORKSPACE,
    n: Annotated[int | None, typer.Option("-n", min=1, help="Use this many items.")] = None,
    size: Size = None,
    labels: Labels = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Encode more items into a workspace; a killed run goes on where it was."""
    from zalgebra.data import datasets

    space = _open(workspace)
    fixed = data in ("digits", "fashion-mnist")  # the other data come in any size
    side = space.spec.data_shape[-1] if size is None and not fixed else size
    dataset = datasets.load(data, size=side, n=n, seed=seed, labels=_split(labels))
    first = len(space)
    added = space.encode(dataset, track=track)
    if as_json:
        _print_json({"workspace": str(workspace), "added": added, "items": len(space)})
    elif added:
        _say(f"img:{first} to img:{first + added - 1} are new")
    else:
        _say("these items are in the workspace already")


@command
def mix(
    expression: Annotated[
        str,
        typer.Argument(help="Such as 'img:3 + 20° smile' or 'seed(3)', or a mix.json to replay."),
    ],
    workspace: Where = WORKSPACE,
    output: Picture = Path("mix.png"),
    save: Annotated[
        Path | None, typer.Option("--save", help="Also write what it is made of, a mix.json.")
    ] = None,
    method: Annotated[
        Method | None,
        typer.Option("--method", help="How latents are combined: lol, or as the mix.json says."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Realise an expression over items, labels, directions and numbered seeds as a picture.

    A mix.json, which --save writes, is replayed: the same latent to the bit.
    """
    result = _open(workspace).mix(_item(expression), method=method)
    if save is not None:
        from zalgebra.files import write_json

        write_json(save, result.mix)
    _deliver(result, output, [result.expression], as_json)


@command
def edit(
    item: Annotated[str, typer.Argument(help="img:12, or a picture file.")],
    change: Annotated[str, typer.Argument(help="Such as '+ 30° smile' or '- glasses'.")],
    workspace: Where = WORKSPACE,
    output: Picture = Path("edit.png"),
    method: MethodFlag = "lol",
    as_json: Json = False,
) -> None:
    """Change one item: the picture before and after."""
    space = _open(workspace)
    after = space.edit(_item(item), change, method=method)
    before = space.mix(_item(item))
    _deliver(after, output, [item, after.expression], as_json, before=before.pictures)


@command
def walk(
    keyframes: Annotated[list[str], typer.Argument(help="Two or more expressions.")],
    workspace: Where = WORKSPACE,
    output: Picture = Path("walk.png"),
    steps: Annotated[int, typer.Option(min=2, help="Pictures on the way.")] = 9,
    closed: Annotated[bool, typer.Option("--closed", help="Return to the first: a loop.")] = False,
    method: MethodFlag = "lol",
    as_json: Json = False,
) -> None:
    """Walk from one expression to the next: a strip, or a film if the output ends in .gif."""
    if len(keyframes) < 2:
        raise BadInput("a walk needs at least two expressions, for example img:1 img:2")
    space = _open(workspace)
    result = space.walk([_item(k) for k in keyframes], steps, method=method, closed=closed)
    _deliver(result, output, [f"{i + 1}" for i in range(steps)], as_json)


@command
def check(
    what: Annotated[list[str], typer.Argument(help="Expressions, or one .npy file of latents.")],
    workspace: Annotated[
        Path | None,
        typer.Option("-w", "--workspace", help=f"The workspace; for expressions, {WORKSPACE}."),
    ] = None,
    method: MethodFlag = "lol",
    as_json: Json = False,
) -> None:
    """How plausible latents are under the prior: of expressions, or of an .npy file.

    A file is held against the workspace's prior if -w is given, else against N(0, 1).
    """
    from zalgebra.algebra.certificate import check as certify
    from zalgebra.studio.names import read_npy

    if len(what) == 1 and what[0].endswith(".npy"):
        prior = None if workspace is None else _open(workspace).prior
        z = read_npy(what[0])
        certificate = certify(z[None] if z.ndim == 1 else z, prior)  # one latent, or many
    else:
        space = _open(WORKSPACE if workspace is None else workspace)
        z = np.concatenate([space.mix(_item(e), method=method).latents for e in what])
        certificate = certify(z, space.prior)
    if as_json:
        _print_json(certificate.to_dict())
    else:
        out.print(certificate)


def _open(path: Path) -> Any:
    from zalgebra.studio.workspace import Workspace

    return Workspace(path)


def _item(text: str) -> str:
    """A file as a name of the grammar, anything else (a mix.json too) as it is."""
    from zalgebra.algebra.words import name_words
    from zalgebra.studio.names import is_seed_file

    suffix = Path(text.partition("#")[0]).suffix.lower()
    if is_seed_file(text):
        return text if suffix == ".json" else name_words(text)
    if suffix in FILES and " " not in text:
        raise BadInput(f"there is no file {text}")
    return text


def _split(labels: str | None) -> tuple[str, ...] | None:
    return None if labels is None else tuple(part.strip() for part in labels.split(","))


def _deliver(
    result: Any, output: Path, captions: list[str], as_json: bool, before: np.ndarray | None = None
) -> None:
    """Write the pictures and say what they are."""
    from zalgebra.studio.drawing import draw

    pictures = result.pictures if before is None else np.concatenate([before, result.pictures])
    draw(pictures, output, captions)
    if as_json:
        facts = {"expression": result.expression, "output": str(output)}
        _print_json({**facts, "certificate": result.certificate.to_dict()})
    else:
        _say(f"{output}: {result.expression}")
        _say(result.certificate.verdict)


def _say(text: str) -> None:
    """One line to standard output, as it is: neither wrapped nor coloured."""
    out.print(text, highlight=False, markup=False, soft_wrap=True)


def _teller(silent: bool) -> Callable[[str], None]:
    def say(text: str) -> None:
        if not silent:
            err.print(f"{text} …", style="dim", highlight=False)

    return say


def _writable(folder: Path) -> None:
    """Fail before the work rather than after it."""
    from zalgebra.files import aside

    with aside(folder / "report.html.trial") as trial:
        trial.touch()
    (folder / "report.html.trial").unlink()


def _summary(results: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table(title=f"{results['data']}, held-out pictures", title_justify="left")
    for head in ("edit", "n", "changed as meant", "others moved (median)", "most"):
        table.add_column(head, justify="left" if head == "edit" else "right")
    for title, e in results["edits"].items():
        s, leaks = e["success"], {k: v["value"] for k, v in e["leakage"].items()}
        moved = f"{np.median(list(leaks.values())):.2f} sd" if leaks else ""
        most = max(leaks, key=lambda k: leaks[k], default="")
        share = f"{s['value']:.1%}" if s["n"] else "none to try on"
        table.add_row(title, str(s["n"]), share, moved, f"{most} {leaks[most]:.2f}" if most else "")
    return table


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(_finite(value), allow_nan=False))


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
