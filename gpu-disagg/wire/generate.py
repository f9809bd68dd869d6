#!/usr/bin/env python3
"""Makes messages.h and messages.cc from schema.txt: structs, encoders, decoders, dispatch, and the schema's hash."""

import hashlib
import re
import sys

FIXED = {"u8": ("std::uint8_t", 1), "u16": ("std::uint16_t", 2), "u32": ("std::uint32_t", 4),
         "u64": ("std::uint64_t", 8), "i32": ("std::int32_t", 4), "f32": ("float", 4)}


def camel(name):
    return "".join(word.capitalize() for word in name.split("_"))


class Field:
    """One line of a message: its kind, its C++ type, and the fewest bytes it takes."""

    def __init__(self, words, structs):
        self.name = words[-1]
        kind = words[0]
        array = re.fullmatch(r"(\w+)\[(\d+)\]", kind)
        if kind == "list":
            self.kind, self.type, self.least = "list", f"std::vector<{camel(words[1])}>", 4
        elif kind == "bytes":
            self.kind, self.type, self.least = "bytes", "std::span<const std::byte>", 4
        elif kind == "text":
            self.kind, self.type, self.least = "text", "std::string_view", 4
        elif kind == "tail":
            self.kind, self.type, self.least = "tail", "std::span<const std::byte>", 0
        elif array:
            base, size = FIXED[array.group(1)]
            self.kind = "fixed"
            self.type, self.least = f"std::array<{base}, {array.group(2)}>", size * int(array.group(2))
        elif kind in FIXED:
            self.kind, (self.type, self.least) = "fixed", FIXED[kind]
        else:
            self.kind, self.type, self.least = "struct", camel(kind), structs[kind].least


class Message:
    """A struct, a request, an event, or the fields of a reply. Locals of generated code end in _, fields never do."""

    def __init__(self, kind, name, opcode=None):
        self.kind, self.name, self.opcode = kind, name, opcode
        self.fields, self.reply = [], None

    @property
    def least(self):
        return sum(field.least for field in self.fields)

    @property
    def tail(self):
        return next((field for field in self.fields if field.kind == "tail"), None)


def read(lines):
    messages, structs, current = [], {}, None
    for number, line in enumerate(lines, 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "reply":
            current = messages[-1].reply = Message("reply", messages[-1].name + "_reply")
        elif words[0] in ("struct", "call", "oneway", "event") and not line.startswith(" "):
            current = Message(words[0], words[1], int(words[2], 0) if len(words) > 2 else None)
            messages.append(current)
            if current.kind == "struct":
                structs[current.name] = current
        else:
            if current.tail:
                sys.exit(f"line {number}: nothing can follow a tail")
            field = Field(words, structs)
            if field.kind == "tail" and any(f.kind != "fixed" for f in current.fields):
                sys.exit(f"line {number}: a tail follows fields of fixed size only")
            current.fields.append(field)
    opcodes = [m.opcode for m in messages if m.opcode is not None]
    if len(opcodes) != len(set(opcodes)):
        sys.exit("two messages have one opcode")
    return messages


def declare(message):
    out = [f"struct {camel(message.name)} {{"]
    if message.opcode is not None:
        out.append(f"  static constexpr std::uint16_t kOpcode = {message.opcode:#06x};")
    if message.reply:
        out.append(f"  using Reply = {camel(message.reply.name)};")
    if message.tail:
        out.append(f"  static constexpr std::size_t kTailOffset = {message.least};")
    out.append(f"  static constexpr std::size_t kBytesLeast = {message.least};")
    out += [f"  {field.type} {field.name}{{}};" for field in message.fields]
    out += ["", "  std::size_t encoded_bytes() const;",
            "  // Writes encoded_bytes() bytes; gives the first byte after them.",
            "  std::byte* encode(std::byte* at_) const;",
            "  // Reads from `in`; false when there is too little or a count that cannot be.",
            "  bool decode(Reader& in_);", "};"]
    return out


def sized(field):
    if field.kind in ("bytes", "text"):
        return f"  total_ += {field.name}.size();"
    if field.kind == "tail":
        return f"  total_ += {field.name}.size();"
    if field.kind == "list":
        return f"  for (const auto& each : {field.name}) total_ += each.encoded_bytes();"
    if field.kind == "struct":
        return f"  total_ += {field.name}.encoded_bytes() - {field.least};"
    return None


def define(message):
    name = camel(message.name)
    adds = [line for line in map(sized, message.fields) if line]
    out = [f"std::size_t {name}::encoded_bytes() const {{"]
    if adds:
        out += ["  std::size_t total_ = kBytesLeast;", *adds, "  return total_;", "}"]
    else:
        out += ["  return kBytesLeast;", "}"]
    out.append(f"std::byte* {name}::encode(std::byte* at_) const {{")
    for field in message.fields:
        if field.kind == "struct":
            out.append(f"  at_ = {field.name}.encode(at_);")
        elif field.kind == "tail":
            out.append(f"  at_ = put_raw(at_, {field.name});")
        else:
            out.append(f"  at_ = put(at_, {field.name});")
    out += ["  return at_;", "}"]
    out.append(f"bool {name}::decode([[maybe_unused]] Reader& in_) {{")
    checks = []
    for field in message.fields:
        if field.kind == "struct":
            checks.append(f"{field.name}.decode(in_)")
        elif field.kind == "tail":
            checks.append(f"in_.take_rest({field.name})")
        else:
            checks.append(f"in_.take({field.name})")
    out += [f"  return {' && '.join(checks) or 'true'};", "}"]
    return out


def dispatch(messages):
    """What the session does with a frame: the message decoded, and the handler's overload for it called."""
    out = ["template <typename Handler>",
           "bool dispatch(std::uint16_t opcode, std::span<const std::byte> payload, Handler&& handler) {",
           "  Reader in(payload);", "  switch (opcode) {"]
    for message in messages:
        out += [f"    case {camel(message.name)}::kOpcode: {{", f"      {camel(message.name)} message;",
                "      if (!message.decode(in) || !in.at_end()) return false;", "      handler(message);",
                "      return true;", "    }"]
    return out + ["    default: return false;", "  }", "}"]


def header(messages, digest):
    hash_bytes = ", ".join(f"{byte:#04x}" for byte in digest)
    out = ["// Made from schema.txt by generate.py.", "#pragma once", "", "#include <array>", "#include <cstdint>",
           "#include <span>", "#include <string_view>", "#include <vector>", "", '#include "gpu_wire/codec.h"', "",
           "namespace gpu_wire {", "",
           "inline constexpr std::array<std::uint8_t, 32> kSchemaHash = {", f"    {hash_bytes}}};", ""]
    for message in messages:
        if message.reply:
            out += declare(message.reply) + [""]
        out += declare(message) + [""]
    out += ["// Where the tail of a message of this opcode begins; 0 when it has none.",
            "constexpr std::size_t tail_offset(std::uint16_t opcode) {", "  switch (opcode) {"]
    out += [f"    case {camel(m.name)}::kOpcode: return {camel(m.name)}::kTailOffset;" for m in messages if m.tail]
    out += ["    default: return 0;", "  }", "}", "",
            "// The name in schema.txt, or \"\".", "std::string_view name_of(std::uint16_t opcode);", "",
            "// Decodes what a client sends and calls handler(message); false when it is malformed or unknown."]
    requests = [m for m in messages if m.kind in ("call", "oneway")]
    out += dispatch(requests)
    out += ["", "}  // namespace gpu_wire", ""]
    return "\n".join(out)


def source(messages):
    out = ["// Made from schema.txt by generate.py.", '#include "gpu_wire/messages.h"', "", "namespace gpu_wire {", ""]
    for message in messages:
        if message.reply:
            out += define(message.reply) + [""]
        out += define(message) + [""]
    out += ["std::string_view name_of(std::uint16_t opcode) {", "  switch (opcode) {"]
    out += [f'    case {camel(m.name)}::kOpcode: return "{m.name}";' for m in messages if m.opcode is not None]
    out += ['    default: return "";', "  }", "}", "", "}  // namespace gpu_wire", ""]
    return "\n".join(out)


def main():
    schema, header_path, source_path = sys.argv[1:]
    with open(schema, encoding="utf-8") as file:
        lines = file.read().splitlines()
    messages = read(lines)
    # Comments and blank lines do not change what is said.
    said = "\n".join(" ".join(line.split("#")[0].split()) for line in lines if line.split("#")[0].strip())
    digest = hashlib.sha256(said.encode()).digest()
    for path, text in ((header_path, header(messages, digest)), (source_path, source(messages))):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


main()
