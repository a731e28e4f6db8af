// For asyncapi.sh: asyncapi.mjs URL, with TOKEN, TABLE_TOKEN and SHORT_TOKEN in the environment.
import assert from "node:assert/strict";
import specs from "@asyncapi/specs";
import { Ajv } from "ajv";
import formats from "ajv-formats";
import WebSocket from "ws";

const [url] = process.argv.slice(2);
const { TOKEN, TABLE_TOKEN, SHORT_TOKEN } = process.env;
const DEADLINE_MS = 30_000;

const ajv = (options) => formats.default(new Ajv({ strict: false, allErrors: true, ...options }));

async function ask(path, body) {
    const headers = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" };
    const options = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await fetch(url + path, options);
    assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
    return answer.json();
}

/** Somebody on a socket; `got` are the messages that came. */
class Client {
    got = [];
    #waiting = () => {};

    constructor(endpoint, query) {
        this.endpoint = endpoint;
        this.socket = new WebSocket(`${url.replace("http", "ws")}/ws/${endpoint}?${query}`, ["atalaya.v1"]);
        this.socket.on("message", (data) => {
            this.got.push(JSON.parse(data));
            this.#waiting();
        });
        this.socket.on("error", (error) => {
            throw error;
        });
        this.closed = new Promise((resolve) => this.socket.on("close", (code, reason) => resolve([code, `${reason}`])));
    }

    say(message) {
        this.socket.send(JSON.stringify(message));
    }

    /** The first message of a type, once it is there. */
    async until(type) {
        const found = () => this.got.find((message) => message.type === type);
        let deadline;
        const late = new Promise((_, reject) => {
            deadline = setTimeout(() => reject(new Error(`${this.endpoint}: no ${type} in ${JSON.stringify(this.got)}`)), DEADLINE_MS);
        });
        while (!found()) await Promise.race([late, new Promise((resolve) => (this.#waiting = resolve))]);
        clearTimeout(deadline);
        return found();
    }
}

/** What checks the messages of an operation: by each one's name, and any of them. */
function checker(document, operation) {
    const own = ajv().addSchema({ ...document, $id: "this" });
    const names = document.operations[operation].messages.map(({ $ref }) => $ref.split("/").at(-1));
    const any = names.map((name) => ({ $ref: `this#/components/messages/${name}/payload` }));
    return { names, check: own.compile({ anyOf: any }), one: (name) => own.compile({ $ref: `this#/components/messages/${name}/payload` }) };
}

function checkDocument(document) {
    const schema = structuredClone(specs.schemas["3.0.0"]);
    // Draft 7 is what ajv knows by itself.
    delete schema.definitions["http://json-schema.org/draft-07/schema"];
    const official = ajv().compile(schema);
    assert.ok(official(document), JSON.stringify(official.errors?.slice(0, 5), null, 1));
    // A check that cannot fail is worse than none.
    const wrong = structuredClone(document);
    wrong.operations.tell_admin.action = "shout";
    assert.ok(!official(wrong), "the official schema takes whatever it is given");
}

/** Real frames: of everybody, of every known type, of those who come back, ask nonsense, and lose their token. */
async function talk(document) {
    const clients = ["admin", "waiter", "kitchen"].map((endpoint) => new Client(endpoint, `token=${TOKEN}`));
    clients.push(new Client("diner", `table_token=${TABLE_TOKEN}`), new Client("admin", `token=${SHORT_TOKEN}`));
    const [admin, waiter, kitchen, diner, short] = clients;
    for (const client of clients) await client.until("welcome");
    for (const client of clients.slice(0, 4)) {
        client.say({ type: "ping" });
        await client.until("pong");
        client.say({ type: "dance" });
        await client.until("error");
    }
    waiter.say({ type: "refresh_sectors" });
    short.say({ type: "auth_refresh", token: SHORT_TOKEN });
    await short.until("auth_refreshed");
    const known = Object.keys(document.components.messages).filter((name) => /^[A-Z_]+$/.test(name));
    assert.ok(known.length >= 28, `${known}`);
    const events = [...known.filter((type) => type !== "TABLE_CLEARED"), "MADE_UP"].map((type, number) => ({
        type,
        branch_id: 1,
        session_id: 77,
        entity: { number },
    }));
    await ask("/api/v1/branches", { id: 2, name: "Second", time_zone: "UTC" });
    const { items } = await ask("/api/v1/events", [...events, { type: "STREAM_OPENED", branch_id: 2 }]);
    assert.equal(items.length, events.length + 1);
    await ask("/api/v1/events", { type: "TABLE_CLEARED", branch_id: 1, session_id: 77 });
    for (const client of [admin, waiter, kitchen, diner]) await client.until("TABLE_CLEARED");
    assert.equal((await diner.closed)[0], 4410);
    await admin.until("streams");
    await short.until("token_expiring");
    const back = new Client("admin", `token=${SHORT_TOKEN}`);
    back.socket.on("open", () => back.say({ type: "resume", streams: { "branch:1": { epoch: "other", offset: 3 } } }));
    assert.equal((await back.until("resumed")).recovered, false);
    const [code, reason] = await short.closed;
    assert.equal(code, 4419);
    assert.ok(document["x-close-codes"].some((close) => close.code === code && close.name === JSON.parse(reason).code));
    const all = [...clients, back];
    for (const client of all) client.socket.terminate();
    return all;
}

const document = await ask("/api/v1/asyncapi.json");
checkDocument(document);
const seen = new Set();
for (const { endpoint, got } of await talk(document)) {
    const { names, check, one } = checker(document, `tell_${endpoint}`);
    for (const message of got) {
        assert.ok(check(message), `${endpoint}: ${JSON.stringify(message)} ${JSON.stringify(check.errors)}`);
        const name = names.includes(message.type) ? message.type : "other_event";
        assert.ok(names.includes(name) && one(name)(message), `${endpoint}: ${JSON.stringify(message)} is not for it`);
        seen.add(message.type);
    }
    const { id, ...unnamed } = got.find((message) => message.offset) ?? {};
    assert.ok(id === undefined || !check(unnamed), "an event without an id passes");
}
for (const { $ref } of document.operations.tell_admin.messages) {
    const name = $ref.split("/").at(-1);
    // It takes the loss of events to be told of one.
    assert.ok(seen.has(name) || ["gap", "other_event"].includes(name), `${name} was never said`);
}
console.log(`  ✓ AsyncAPI 3.0: the document is one, and ${seen.size} kinds of messages are as it says`);
