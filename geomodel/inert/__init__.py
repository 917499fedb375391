"""Reads what other programs pickled, and runs nothing of it.

`contents.read(path)` looks at a file and returns its `Contents`: plain dicts, lists, texts and numbers, with a record
for each tensor and each object. Only the description is read then. The numbers stay in the file until `numbers.fill`
reads them straight into the arrays where they will be used.

Nothing here imports torch. Every refusal is an `InertFault`, whose message is a clause; the caller adds the name of the
file.
"""
