"""Chromium without a screen, driven by the DevTools protocol over a pair of pipes."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

# Chromium reads commands from descriptor 3 and answers on 4: copies that lie out of the way first.
LAUNCH = """
import os, sys
r, w = os.dup2(int(sys.argv[1]), 100), os.dup2(int(sys.argv[2]), 101)
os.dup2(r, 3), os.dup2(w, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


def chromium() -> str | None:
    """The browser of this machine, if it has one."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page of 1,000 × 700 pixels."""

    def __init__(self, folder: Path, *options: str, size: tuple[int, int] = (1000, 700)) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        words = [
            "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run",
            "--disable-dev-shm-usage", "--enable-unsafe-swiftshader", "--mute-audio",
            f"--user-data-dir={folder}", f"--window-size={size[0]},{size[1]}", *options,
        ]  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(theirs_in), str(theirs_out), chromium(), *words],
            pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs_in), os.close(theirs_out)
        self.out, self.into, self.buffer = ours_out, ours_in, b""
        self.count, self.session, self.events = 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = found["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        w, h = size
        self.call("Emulation.setDeviceMetricsOverride", width=w, height=h, deviceScaleFactor=1,
                  mobile=False)  # fmt: skip

    def call(self, method: str, /, **params: Any) -> Any:
        """Send one command and wait for its answer."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next(60)
            if answer.get("id") == self.count:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)

    def _next(self, seconds: float) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.into], [], [], max(0, until - time.monotonic()))
            part = os.read(self.into, 1 << 20) if ready else b""
            if not part:
                raise TimeoutError("Chromium says nothing any more")
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def value(self, expression: str) -> Any:
        """What an expression is on the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                          awaitPromise=True)  # fmt: skip
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, expression: str, seconds: float = 60) -> Any:
        """The expression's value as soon as it is true."""
        until = time.monotonic() + seconds
        while not (found := self.value(expression)):
            assert time.monotonic() < until, f"never came true: {expression}"
            time.sleep(0.05)
        return found

    def open(self, page: Path) -> None:
        self.call("Page.navigate", url=page.resolve().as_uri())
        self.wait("document.readyState === 'complete' && document.body.dataset.ready")

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        how = {"button": "left", "clickCount": 1} if kind in ("Pressed", "Released") else {}
        how |= {"button": "left", "buttons": 1} if more.pop("held", False) else {}
        kind = "mouse" + kind
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **how, **more)

    def drag(self, *places: tuple[float, float]) -> None:
        self.mouse("Pressed", *places[0])
        for place in places[1:]:
            self.mouse("Moved", *place, held=True)
        self.mouse("Released", *places[-1])

    def click(self, x: float, y: float) -> None:
        self.mouse("Moved", x, y)
        self.drag((x, y))

    def picture(self, path: Path) -> Path:
        found = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(found["data"]))
        return path

    def complaints(self) -> list[Any]:
        """Errors that the page threw or logged, and whatever it asked the network for."""
        bad = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
        said = [e["params"] for e in self.events if e.get("method") in bad]
        found = [p for p in said if p.get("entry", {}).get("source") != "rendering"]
        asked = [
            e["params"]["request"]["url"]
            for e in self.events
            if e.get("method") == "Network.requestWillBeSent"
        ]
        return found + [url for url in asked if not url.startswith(("file:", "blob:", "data:"))]

    def close(self) -> None:
        os.close(self.out), os.close(self.into)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
