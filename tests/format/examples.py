"""Holds the hexadecimal examples of a document against a store file.

  examples.py DOCUMENT FILE       last line: how many blocks are right; exit status 1 if one is not

An example is a fenced block that begins with one of
    ```hex file OFFSET            the bytes of the file from there
    ```hex value TREE KEY         the value under a key (in hexadecimal, or @NAME / NAME# as text)
    ```hex key TREE               some key of the tree, or of an index tree an entry
Each line begins with bytes, two hexadecimal digits each, one blank between; what follows after two
blanks is for people. `N x BYTE` stands for N equal bytes.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import reader  # noqa: E402


def bytes_of(lines):
    result = b""
    for line in lines:
        text = line.split("  ")[0].strip()
        repeated = re.fullmatch(r"(\d+) x ([0-9a-f]{2})", text)
        result += bytes.fromhex(repeated[2]) * int(repeated[1]) if repeated else bytes.fromhex(text)
    return result


def is_right(store, words, wanted):
    if words[0] == "file":
        return store.pages.data[int(words[1]):][:len(wanted)] == wanted
    if words[0] == "key":
        return any(key == wanted for key, _ in store.entries(words[1]))
    key = words[2].encode() if words[2][0] == "@" or words[2][-1] == "#" else bytes.fromhex(words[2])
    return dict(store.nodes(words[1])).get(key) == wanted


def main(document, path):
    store = reader.Store(path)
    with open(document, encoding="utf-8") as file:
        blocks = re.findall(r"^```hex (.*)\n((?:.*\n)*?)```$", file.read(), re.MULTILINE)
    wrong = 0
    for head, body in blocks:
        if not is_right(store, head.split(), bytes_of(body.splitlines())):
            print("not in the file: hex " + head)
            wrong += 1
    print("%d of %d examples are right" % (len(blocks) - wrong, len(blocks)))
    return 1 if wrong or not blocks else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
