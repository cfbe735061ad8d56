import yaml

print(yaml.safe_dump({"hello": "world"}), end="")
