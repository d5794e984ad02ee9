"""What Kubernetes' published schemas find wrong with documents: run by a Python that has
``kubernetes-validate``.

    kubernetes_faults.py VERSION < DOCUMENTS.json

Strict: a field that the schema does not have is a fault. Writes a list of faults for each document.
"""

import json
import sys

import kubernetes_validate


def faults_of(document, version):
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        place = ".".join(str(part) for part in error.path)
        return [f"{place}: {error.message}"]
    except kubernetes_validate.SchemaNotFoundError as error:
        return [error.message]
    return []


if __name__ == "__main__":
    json.dump([faults_of(each, sys.argv[1]) for each in json.load(sys.stdin)], sys.stdout)
