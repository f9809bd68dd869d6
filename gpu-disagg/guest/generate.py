#!/usr/bin/env python3
"""Makes from symbols.txt and errors.txt: the table for cuGetProcAddress, the symbols that answer NOT_SUPPORTED, the export list."""

import sys


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [line.split(None, 3) for line in file.read().splitlines() if line and not line.startswith("#")]


def is_per_thread(symbol):
    return symbol.endswith(("_ptds", "_ptsz"))


def rank(symbol):
    plain = symbol.removesuffix("_ptds").removesuffix("_ptsz")
    last = plain.rsplit("_v", 1)
    return int(last[1]) if len(last) == 2 and last[1].isdigit() else 1


def source(symbols, errors):
    known = [line for line in symbols if line[3] == "yes"]
    out = ["// Made from symbols.txt and errors.txt by generate.py.", "#include <array>", "", '#include "names.h"', "",
           'extern "C" {']
    out += [f"void {symbol}();" for symbol, _, _, _ in known]
    out += ["}", "", "namespace gpu_guest {", "namespace {", "",
            f"const std::array<Function, {len(known)}> kFunctions{{{{"]
    for symbol, name, version, _ in known:
        per_thread = "true" if is_per_thread(symbol) else "false"
        out.append(f'    {{"{name}", {version}, {rank(symbol)}, {per_thread}, reinterpret_cast<void*>(&{symbol})}},')
    out += ["}};", "", f"constexpr std::array<ErrorText, {len(errors)}> kErrors{{{{"]
    for number, name, *words in errors:
        out.append(f'    {{{number}, "{name}", "{" ".join(words)}"}},')
    out += ["}};", "", "}  // namespace", "", "std::span<const Function> functions() { return kFunctions; }",
            "std::span<const ErrorText> error_texts() { return kErrors; }", "", "}  // namespace gpu_guest", ""]
    return "\n".join(out)


def missing(symbols):
    out = ["/* Made from symbols.txt by generate.py: what is exported and does nothing. */",
           "int larder_not_supported(void);", "int larder_not_supported(void) { return 801; }"]
    for symbol, _, _, have in symbols:
        if have == "no":
            out.append(f'int {symbol}(void) __attribute__((alias("larder_not_supported"), visibility("default")));')
    return "\n".join(out) + "\n"


def exports(symbols):
    return "{ global: " + " ".join(f"{symbol};" for symbol, _, _, _ in symbols) + " local: *; };\n"


def main():
    symbols_path, errors_path, source_path, missing_path, exports_path = sys.argv[1:]
    symbols, errors = lines_of(symbols_path), lines_of(errors_path)
    symbols.sort(key=lambda line: (line[1], int(line[2])))
    for path, text in ((source_path, source(symbols, errors)), (missing_path, missing(symbols)),
                       (exports_path, exports(symbols))):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


main()
