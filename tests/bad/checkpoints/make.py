"""Makes checkpoints that must be refused, one file a defect, named for it.

Run it with torch 2.11: `python make.py`. None of these files does harm when a reader behaves: the
hostile ones would only create an empty file called `uncanny-pickle-ran` where they are loaded.
Never load them with `torch.load(weights_only=False)` or `pickle.load` all the same.
"""

import io
import json
import os
import re
import struct
import sys
import types
import zipfile
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).parent
COMMAND = "touch uncanny-pickle-ran"
LEGACY = {"_use_new_zipfile_serialization": False}


def write(name, data):
    (HERE / name).write_bytes(data)


def archive(name, entries):
    with zipfile.ZipFile(HERE / name, "w") as out:
        for path, data in entries.items():
            out.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), data)


def in_zip(name, data, storage=b"\0" * 16):
    archive(name, {"a/data.pkl": data, "a/data/0": storage, "a/version": b"3\n"})


def text(s):
    return b"X" + struct.pack("<I", len(s)) + s.encode()


def number(n):
    return b"\x8a" + bytes([9]) + n.to_bytes(9, "little", signed=True) if n > 2**62 else (
        b"\x8a\x08" + n.to_bytes(8, "little", signed=True)
    )


def tensor(size, stride, offset=0, numel=4, key="0", kind="FloatStorage"):
    """The opcodes that rebuild one tensor."""
    storage = (
        b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu")
        + number(numel) + b"tQ"
    )
    numbers = [b"(" + b"".join(number(n) for n in ns) + b"t" for ns in (size, stride)]
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + numbers[0] + numbers[1]
        + b"\x89ccollections\nOrderedDict\n)RtR"
    )


def state(*tensors):
    items = b"".join(text(f"t{i}") + t for i, t in enumerate(tensors))
    return b"\x80\x02}(" + items + b"u."


class Runs:
    def __reduce__(self):
        return os.system, (COMMAND,)


class Evaluates:
    def __reduce__(self):
        return eval, ("open('uncanny-pickle-ran', 'w')",)


class Gets:
    def __reduce__(self):
        return getattr, (os, "system")


def hostile():
    weights = {"w": torch.ones(4)}
    torch.save(weights | {"x": Runs()}, HERE / "code-system.pth")
    torch.save(weights | {"x": Runs()}, HERE / "code-system-legacy.pth", **LEGACY)
    torch.save(weights | {"x": Runs()}, HERE / "code-system-protocol4.pth", pickle_protocol=4)
    torch.save(weights | {"x": Evaluates()}, HERE / "code-eval.pth")
    in_zip("code-getattr.pth", b"\x80\x02cbuiltins\ngetattr\ncposix\nsystem\nX\x01\0\0\0a\x86R.")
    write("code-protocol0.pth", f"cos\nsystem\n(S'{COMMAND}'\ntR.".encode())
    write("code-inst.pth", f"(S'{COMMAND}'\nios\nsystem\n.".encode())
    write("code-obj.pth", f"(cos\nsystem\nS'{COMMAND}'\no.".encode())
    in_zip("code-newobj.pth", b"\x80\x02csubprocess\nPopen\n" + text(COMMAND) + b"\x85\x81.")
    in_zip("code-build.pth", b"\x80\x02cos\nenviron\n}b.")
    # Dressed up as what PyTorch writes for subclasses of tensors.
    dressed = b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(cposix\nsystem\nN("
    in_zip("code-in-rebuild.pth", dressed + text(COMMAND) + b"t}tR.")
    # Called with the result of an allowed call, as a function.
    in_zip("code-not-a-function.pth", b"\x80\x02ccollections\nOrderedDict\n)R)R.")
    # In the facts about the system, long before the weights.
    magic = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
    call = b"\x80\x02cposix\nsystem\n" + text(COMMAND) + b"\x85R."
    write("code-in-header-legacy.pth", magic + call)
    in_zip("code-long-name.pth", b"\x80\x02c" + b"os" * 5000 + b"\nsystem\n)R.")


def not_a_state_dict():
    model = nn.Sequential(nn.Conv2d(1, 1, 1))
    torch.save(model, HERE / "whole-module.pth")
    torch.save({"epoch": 1, "model": model}, HERE / "whole-module-wrapped.pth")
    main = types.ModuleType("my_networks")
    exec("import torch\nclass Net(torch.nn.Linear): pass", main.__dict__)
    sys.modules["my_networks"] = main
    torch.save(main.Net(1, 1), HERE / "whole-module-legacy.pth", **LEGACY)
    torch.save([torch.ones(1)], HERE / "list.pth")
    torch.save(torch.ones(1), HERE / "one-tensor.pth")
    torch.save({}, HERE / "empty-dictionary.pth")
    torch.save({"lr": 0.1, "names": ["a"]}, HERE / "no-tensors.pth")
    program = torch.jit.trace(nn.Conv2d(1, 1, 1), torch.zeros(1, 1, 2, 2))
    buffer = io.BytesIO()
    torch.jit.save(program, buffer)
    # Without the machine's paths that it keeps for debugging.
    with zipfile.ZipFile(buffer) as old:
        kept = {n: old.read(n) for n in old.namelist() if "debug" not in n}
    archive("torchscript.pt", kept)
    quantised = torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
    torch.save({"w": quantised}, HERE / "quantised.pth")
    torch.save({"w": torch.ones(2, dtype=torch.complex64)}, HERE / "complex.pth")
    write("text.pth", b"conv.weight = 1 2 3\n")
    write("empty.pth", b"")
    write("git-lfs-pointer.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    write("web-page.pth", b"\n<!DOCTYPE html>\n<title>Not found</title>\n")
    write("tar.pth", b"sys_info".ljust(257, b"\0") + b"ustar\0".ljust(300, b"\0"))
    archive("zip-without-pickle.pth", {"textures/stone.png": b"x"})


def lies():
    huge = 2**61
    in_zip("size-huge.pth", state(tensor([huge], [1])))
    in_zip("size-overflows.pth", state(tensor([huge, huge], [1, 1])))
    in_zip("size-negative.pth", state(tensor([-4], [1])))
    in_zip("size-many-dimensions.pth", state(tensor([1] * 100, [1] * 100)))
    in_zip("stride-missing.pth", state(tensor([2, 2], [2])))
    in_zip("stride-negative.pth", state(tensor([4], [-1])))
    in_zip("stride-overflows.pth", state(tensor([2, 2], [huge * 2, huge * 2])))
    in_zip("stride-beyond.pth", state(tensor([2, 2], [3, 1])))
    in_zip("expanded-huge.pth", state(tensor([10**12], [0])))
    in_zip("expanded-often.pth", state(*[tensor([4 * 10**6], [0])] * 8))
    in_zip("offset-beyond.pth", state(tensor([4], [1], offset=1)))
    in_zip("offset-negative.pth", state(tensor([4], [1], offset=-1)))
    in_zip("offset-overflows.pth", state(tensor([4], [1], offset=2**62)))
    in_zip("storage-missing.pth", state(tensor([4], [1], key="1")))
    in_zip("storage-short.pth", state(tensor([4], [1])), storage=b"\0" * 15)
    in_zip("storage-lies.pth", state(tensor([4], [1], numel=huge)))
    in_zip("storage-traversal.pth", state(tensor([4], [1], key="../../../etc/passwd")))
    legacy = io.BytesIO()
    torch.save({"w": torch.ones(4)}, legacy, **LEGACY)
    # PyTorch names storages by memory address; here every run gives the same.
    data = re.sub(rb"\d{10,}", lambda m: b"1" * len(m[0]), legacy.getvalue())
    write("storage-lies-legacy.pth", data[:-24] + struct.pack("<q", huge) + data[-16:])
    write("storage-negative-legacy.pth", data[:-24] + struct.pack("<q", -1) + data[-16:])
    write("storage-cut-legacy.pth", data[:-3])
    torch.save({"w": torch.ones(4)}, HERE / "cut.pth")
    whole = (HERE / "cut.pth").read_bytes()
    write("cut.pth", whole[: len(whole) // 2])

    def safetensors(name, header, data=b"\0" * 8, length=None):
        raw = header if isinstance(header, bytes) else json.dumps(header).encode()
        write(name, struct.pack("<Q", length or len(raw)) + raw + data)

    one = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    safetensors("cut.safetensors", {"a": one}, data=b"\0" * 7)
    safetensors("header-cut.safetensors", {"a": one}, data=b"", length=5000)
    safetensors("header-not-json.safetensors", b"{]")
    safetensors("shape-lies.safetensors", {"a": one | {"shape": [2**60]}})
    safetensors("overlap.safetensors", {"a": one, "b": one})
    safetensors("no-tensors.safetensors", {}, data=b"")


def bombs():
    # A list holding itself twice, forty levels deep: 2**40 tensors to whoever walks it.
    bomb = b"\x80\x02]q\0"
    for i in range(1, 41):
        bomb += b"](h" + bytes([i - 1]) + b"h" + bytes([i - 1]) + b"eq" + bytes([i])
    in_zip("bomb-memo.pth", bomb + b".")
    # A dictionary that is its own wrapper.
    in_zip("bomb-cycle.pth", b"\x80\x02}q\0" + text("model") + b"h\0s.")
    # Depth that would overflow a recursive reader's stack.
    with zipfile.ZipFile(HERE / "bomb-depth.pth", "w", zipfile.ZIP_DEFLATED) as out:
        info = zipfile.ZipInfo("a/data.pkl", (2026, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        out.writestr(info, b"\x80\x02)" + b"\x85" * 1_500_000 + b".")
        # And a zip bomb beside it.
    with zipfile.ZipFile(HERE / "bomb-zip.pth", "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in {"a/data.pkl": state(tensor([10**8], [1], numel=10**8))}.items():
            out.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data)
        info = zipfile.ZipInfo("a/data/0", (2026, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        out.writestr(info, b"\0" * 30_000_000, compresslevel=9)
    # A long list, copied by each of many calls.
    pairs = b"](" + (text("k") + b"N\x86") * 3000 + b"eq\1"
    copies = (b"ccollections\nOrderedDict\nq\2" + b"h\2h\1\x85R0" * 8000)
    with zipfile.ZipFile(HERE / "bomb-copies.pth", "w", zipfile.ZIP_DEFLATED) as out:
        info = zipfile.ZipInfo("a/data.pkl", (2026, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        out.writestr(info, b"\x80\x02" + pairs + copies + b"}.")
    # Objects without end.
    with zipfile.ZipFile(HERE / "bomb-objects.pth", "w", zipfile.ZIP_DEFLATED) as out:
        info = zipfile.ZipInfo("a/data.pkl", (2026, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        out.writestr(info, b"\x80\x02" + b"]0" * 3_000_000 + b".")
    # Opcodes that make no sense where they are.
    for name, ops in {
        "stack-empty": b"\x80\x020.",
        "mark-missing": b"\x80\x02]Ne.",
        "under-mark": b"\x80\x02N(\x85.",
        "memo-missing": b"\x80\x02h\x07.",
        "key-without-value": b"\x80\x02}(Nu.",
        "opcode-unknown": b"\x80\x02\xff.",
        "string-cut": b"\x80\x02X\xff\xff\xff\xff.",
        "no-stop": b"\x80\x02}",
        "build-on-nothing": b"\x80\x02N}b.",
        "extension": b"\x80\x02\x82\x01.",
    }.items():
        in_zip(f"pickle-{name}.pth", ops)


def main():
    for old in HERE.glob("*.*"):
        if old.suffix != ".py":
            old.unlink()
    hostile()
    not_a_state_dict()
    lies()
    bombs()
    for file in HERE.glob("*.*"):
        file.chmod(0o644)


if __name__ == "__main__":
    main()
