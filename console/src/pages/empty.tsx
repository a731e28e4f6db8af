// No camera yet: what to do first, ready to paste.

import { AddButton } from '../components/add-button';
import { Command } from '../components/command';
import { words } from '../i18n';

const IN_FILE = `[[cameras]]
id = "entrance"
name = "Entrance"
pipeline = "rtsp"
parameters.location = "rtsp://user:password@192.168.1.20/stream"`;

const overHttp = () => `TOKEN=$(atalaya token issue --role admin --ttl 1h)
curl -X POST ${window.location.origin}/api/v1/cameras \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"id": "entrance", "name": "Entrance", "pipeline": "rtsp",
       "parameters": {"location":
         "rtsp://user:password@192.168.1.20/stream"}}'`;

export function Empty() {
  return (
    <section class="page">
      <h1>{words.value.emptyTitle}</h1>
      <p>{words.value.empty}</p>
      <AddButton first />
      <h2>{words.value.emptyFile}</h2>
      <Command text={IN_FILE} />
      <h2>{words.value.emptyRest}</h2>
      <Command text={overHttp()} />
      <h2>{words.value.emptyDemo}</h2>
      <Command text="atalaya demo" />
    </section>
  );
}
