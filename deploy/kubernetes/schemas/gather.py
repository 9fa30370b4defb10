#!/usr/bin/env python3
"""Regenerates the schemas of this folder from packages of public registries. README.md lists them and their licences.

usage: gather.py FOLDER    FOLDER is a virtual environment with `pip install kubernetes-validate==1.37.0
                        cloudcoil-models-keda==2.16.1.0`; Strimzi.java writes Strimzi's schemas.
"""
import json, subprocess, sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSION = "v1.34.0-local-strict"
KINDS = {"Namespace": "namespace-v1", "ConfigMap": "configmap-v1", "Service": "service-v1", "Secret": "secret-v1",
         "PersistentVolumeClaim": "persistentvolumeclaim-v1", "Deployment": "deployment-apps-v1",
         "StatefulSet": "statefulset-apps-v1", "Job": "job-batch-v1",
         "PodDisruptionBudget": "poddisruptionbudget-policy-v1", "NetworkPolicy": "networkpolicy-networking-v1"}
KEDA = """
import json
from cloudcoil.models.keda.v1alpha1 import ScaledObject, TriggerAuthentication
print(json.dumps([kind.model_json_schema(by_alias=True) for kind in (ScaledObject, TriggerAuthentication)]))
"""


def lean(node):
    """Without the prose, and closed: a field that no version knows is an error, as for `kubectl apply`."""
    if isinstance(node, list):
        return [lean(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {name: value for name, value in node.items()
            if not (name in ("description", "title", "default", "examples") and not isinstance(value, dict))
            and not name.startswith("x-kubernetes") and name not in ("$id", "$schema")}
    if isinstance(kept.get("properties"), dict) and "type" in kept and "additionalProperties" not in kept:
        kept["additionalProperties"] = False
    return {name: lean(value) for name, value in kept.items()}


def referred(node):
    if isinstance(node, list):
        for each in node:
            yield from referred(each)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rsplit("/", 1)[1]
        for each in node.values():
            yield from referred(each)


def local(node):
    if isinstance(node, list):
        return [local(each) for each in node]
    if isinstance(node, dict):
        return {name: "#/$defs/" + value.rsplit("/", 1)[1] if name == "$ref" and isinstance(value, str) else local(value)
                for name, value in node.items()}
    return node


def write(name, kinds, definitions):
    needed, todo = {}, list(referred(kinds))
    while todo:
        one = todo.pop()
        if one not in needed:
            needed[one] = local(definitions[one])
            todo += referred(definitions[one])
    text = json.dumps({"kinds": local(kinds), "$defs": dict(sorted(needed.items()))}, indent=1) + "\n"
    (HERE / name).write_text(text)
    print(name, len(text))


environment = Path(sys.argv[1])
folder = next(environment.glob("lib/python3*/site-packages/kubernetes_validate/kubernetes-json-schema")) / VERSION
definitions = lean(json.loads((folder / "_definitions.json").read_text())["$defs"])
write("kubernetes-1.34.json", {kind: lean(json.loads((folder / f"{file}.json").read_text())) for kind, file in KINDS.items()},
      definitions)

scaled, authentication = json.loads(subprocess.check_output([environment / "bin/python", "-c", KEDA]))
definitions = {}
for schema in (scaled, authentication):
    for name, value in schema.pop("$defs").items():
        definitions[schema["title"] + name] = lean(json.loads(
            json.dumps(value).replace("#/$defs/", "#/$defs/" + schema["title"])))
kinds = {schema["title"]: lean(json.loads(json.dumps(schema).replace("#/$defs/", "#/$defs/" + schema["title"])))
         for schema in (scaled, authentication)}
write("keda-2.16.json", kinds, definitions)
