# The same program in another language: the contract is files, and one JSON object on standard output.
import json
import os
import sys

with open(os.environ["MN_INPUT_FILE"], encoding="utf-8") as file:
    order = json.load(file)

print(f"a label for {order['customer']}", file=sys.stderr)
print(json.dumps({"code": f"{order['customer'].upper()}-{order['grams']}"}))
