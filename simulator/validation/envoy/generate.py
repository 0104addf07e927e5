# Writes messages.json: names, types and oneofs of the fields of Envoy's v3 messages, as facts, out of the descriptors of the
# Python package xds-protos. Run: pip install xds-protos && python generate.py > messages.json
import importlib, json, os, re, sys
from google.protobuf.descriptor import FieldDescriptor as F

SITE = [path for path in sys.path if path.endswith('site-packages')][0]
ROOTS = re.compile(r'^(envoy\.(config|extensions|data|type)\..*\.v3(alpha)?\.|envoy\.type\.v3\.|envoy\.config\..*|xds\.|udpa\.type)')
OLD = re.compile(r'\.v[012](alpha\w*)?\.')
SCALARS = {
    F.TYPE_DOUBLE: 'f', F.TYPE_FLOAT: 'f', F.TYPE_INT64: 'l', F.TYPE_SINT64: 'l', F.TYPE_SFIXED64: 'l', F.TYPE_UINT64: 'L',
    F.TYPE_FIXED64: 'L', F.TYPE_INT32: 'i', F.TYPE_SINT32: 'i', F.TYPE_SFIXED32: 'i', F.TYPE_UINT32: 'u', F.TYPE_FIXED32: 'u',
    F.TYPE_BOOL: 'b', F.TYPE_STRING: 's', F.TYPE_BYTES: 'y',
}
messages, enums = {}, {}


def type_of(field):
    if field.message_type is not None:
        add(field.message_type)
        return field.message_type.full_name
    if field.enum_type is not None:
        enums.setdefault(field.enum_type.full_name, ' '.join(f'{v.name}={v.number}' for v in field.enum_type.values))
        return '#' + field.enum_type.full_name
    return SCALARS[field.type]


def text_of(field):
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        return f"{field.name}:{{}}{type_of(message.fields_by_name['value'])}"
    oneof = '' if field.containing_oneof is None else f'|{field.containing_oneof.index}'
    return f"{field.name}:{'[]' if field.is_repeated else ''}{type_of(field)}{oneof}"


def add(message):
    if message.full_name in messages or message.full_name.startswith('google.protobuf.'):
        return
    messages[message.full_name] = ''
    messages[message.full_name] = ' '.join(text_of(field) for field in message.fields)


def walk(message):
    if not message.GetOptions().map_entry:
        add(message)
        for nested in message.nested_types:
            walk(nested)


for root in ('envoy', 'xds', 'udpa'):
    for folder, _, files in os.walk(os.path.join(SITE, root)):
        for name in files:
            if name.endswith('_pb2.py'):
                module = importlib.import_module(os.path.relpath(os.path.join(folder, name), SITE)[:-3].replace('/', '.'))
                for message in module.DESCRIPTOR.message_types_by_name.values():
                    if ROOTS.match(message.full_name) and not (root == 'envoy' and OLD.search(message.full_name)):
                        walk(message)

json.dump({'messages': dict(sorted(messages.items())), 'enums': dict(sorted(enums.items()))}, sys.stdout, indent=2)
print()
