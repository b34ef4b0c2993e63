// An AMQP 1.0 broker on 127.0.0.1 that answers the SDK of Service Bus: queues and topics that
// exist as soon as they are named (but not "missing..."), sessions ("sessions..."), put-token,
// scheduled messages, peek-lock. It is no Service Bus: it keeps no locks' time, detects no
// duplicates, has no rules, and loses everything at its end.
//
//   node amqp_broker.cjs <amqp port> <control port> <key>
//
// Control: GET /messages?queue=q; POST /orders [{kind, condition, description, take}], which
// the next sends and requests meet in turn ("pass": nothing happens); DELETE /orders.
'use strict';

const crypto = require('crypto');
const http = require('http');
const path = require('path');
const rhea = require(path.join(__dirname, '../../build/emulators/node_modules/rhea'));

const [PORT, CONTROL, KEY] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];
const LARGEST = 262144;
const POLICY = 'RootManageSharedAccessKey';
const SESSION_FILTER = 'com.microsoft:session-filter';
const TICKS_OF_2100 = Buffer.alloc(8);
TICKS_OF_2100.writeBigInt64BE(662380416000000000n);
const types = rhea.types;

// -- queues ---------------------------------------------------------------------------

const queues = new Map();
let sequence = 0;

function queueOf(name) {
    if (!queues.has(name)) queues.set(name, { waiting: [], scheduled: new Map(), readers: new Set() });
    return queues.get(name);
}

function enqueue(name, decoded) {
    const message = { decoded, sequence: ++sequence, deliveries: 0 };
    queueOf(name).waiting.push(message);
    pump(name);
    return message;
}

function pump(name) {
    const queue = queueOf(name);
    for (const reader of queue.readers) {
        while (reader.sendable()) {
            const at = queue.waiting.findIndex((each) => !reader.sessionId || each.decoded.group_id === reader.sessionId);
            if (at < 0) break;
            const [message] = queue.waiting.splice(at, 1);
            const annotations = {
                ...message.decoded.message_annotations,
                'x-opt-sequence-number': types.wrap_long(message.sequence),
                'x-opt-enqueued-time': types.wrap_timestamp(Date.now()),
                'x-opt-locked-until': types.wrap_timestamp(Date.now() + 60000),
            };
            const outgoing = { ...message.decoded, message_annotations: annotations, delivery_count: message.deliveries };
            const delivery = reader.send(outgoing, crypto.randomBytes(16));
            reader.out.set(delivery.id, message);
        }
    }
}

function giveBack(name, message) {
    message.deliveries += 1;
    queueOf(name).waiting.unshift(message);
    pump(name);
}

// -- who asks ---------------------------------------------------------------------------

function isSigned(token) {
    if (token === 'a token of the tenant') return true;
    const parts = Object.fromEntries(token.replace('SharedAccessSignature ', '').split('&').map((part) => {
        const at = part.indexOf('=');
        return [part.slice(0, at), decodeURIComponent(part.slice(at + 1))];
    }));
    const raw = token.match(/sr=([^&]*)/);
    if (!raw || parts.skn !== POLICY || Number(parts.se) * 1000 < Date.now()) return false;
    const expected = crypto.createHmac('sha256', KEY).update(`${raw[1]}\n${parts.se}`).digest('base64');
    return expected === parts.sig;
}

// -- request and response ------------------------------------------------------------------

function respond(connection, node, request, status, description, { body, condition } = {}) {
    const properties = node === '$cbs'
        ? { 'status-code': types.wrap_int(status), 'status-description': description }
        : { statusCode: types.wrap_int(status), statusDescription: description };
    if (condition) properties.errorCondition = types.wrap_symbol(condition);
    const reply = { correlation_id: request.message_id, application_properties: properties, body: body || {} };
    connection.replies.get(node).send(reply);
}

function putToken(connection, request) {
    const token = String(request.body);
    if (isSigned(token)) respond(connection, '$cbs', request, 202, 'Accepted');
    else respond(connection, '$cbs', request, 401, 'InvalidSignature: The token has an invalid signature.');
}

function schedule(queue, name, request) {
    const numbers = request.body.messages.map((each) => {
        const decoded = rhea.message.decode(Buffer.from(each.message));
        const due = decoded.message_annotations['x-opt-scheduled-enqueue-time'];
        const number = ++sequence;
        const timer = setTimeout(() => {
            queue.scheduled.delete(number);
            enqueue(name, decoded);
        }, Math.max(0, Number(due) - Date.now()));
        queue.scheduled.set(number, { timer, decoded, due: Number(due) });
        return number;
    });
    return { 'sequence-numbers': types.wrap_array(numbers, 0x81) };
}

function manage(connection, node, request) {
    const name = node.slice(0, -'/$management'.length);
    const queue = queueOf(name);
    const order = orders.shift();
    if (order && order.kind === 'drop') return connection.socket.destroy();
    if (order && order.kind !== 'pass') return respond(connection, node, request, order.status || 500, order.description, order);
    const operation = request.application_properties.operation;
    if (operation === 'com.microsoft:schedule-message') {
        return respond(connection, node, request, 200, 'OK', { body: schedule(queue, name, request) });
    }
    if (operation === 'com.microsoft:cancel-scheduled-message') {
        const numbers = Array.from(request.body['sequence-numbers'], Number);
        if (!numbers.every((number) => queue.scheduled.has(number))) {
            const condition = 'com.microsoft:message-not-found';
            return respond(connection, node, request, 404, 'The message could not be found.', { condition });
        }
        for (const number of numbers) {
            clearTimeout(queue.scheduled.get(number).timer);
            queue.scheduled.delete(number);
        }
        return respond(connection, node, request, 200, 'OK');
    }
    return respond(connection, node, request, 501, `no such operation: ${operation}`);
}

// -- sends ------------------------------------------------------------------------------------

let orders = [];

function messagesOf(context) {
    if (!context.delivery.format) return [context.message];
    const batch = rhea.message.decode(context.message);
    const parts = batch.body.multiple ? batch.body.content : [batch.body.content];
    return parts.map((part) => rhea.message.decode(part));
}

// The SDK reads all three parts of an error and stumbles where one is left out.
function error(condition, description) {
    return { condition, description, info: { origin: 'broker' } };
}

function fault(name, decoded) {
    const sizes = decoded.map((each) => each.body.content.length);
    if (Math.max(...sizes) > LARGEST) {
        return error('amqp:link:message-size-exceeded', `The message has more than ${LARGEST} bytes.`);
    }
    const nameless = name.startsWith('sessions') && decoded.some((each) => !each.group_id);
    return nameless ? error('amqp:not-allowed', 'The SessionId was not set.') : null;
}

function take(context, name) {
    const decoded = messagesOf(context);
    const order = orders.shift();
    if (!order || order.take) {
        const refusal = fault(name, decoded);
        if (refusal) return context.delivery.reject(refusal);
        for (const each of decoded) enqueue(name, each);
    }
    if (!order) return context.delivery.accept();
    if (order.kind === 'drop') return context.connection.socket.destroy();
    if (order.kind === 'silence') return undefined;
    return context.delivery.reject(error(order.condition, order.description));
}

// -- links --------------------------------------------------------------------------------------

const container = rhea.create_container({ id: 'broker' });
container.sasl_server_mechanisms.enable_anonymous();
container.sasl_server_mechanisms.MSSBCBS = container.sasl_server_mechanisms.ANONYMOUS;

container.on('connection_open', (context) => {
    context.connection.replies = new Map();
});

container.on('receiver_open', (context) => {
    const { receiver } = context;
    const name = receiver.remote.attach.target.address.replace(/^amqps?:\/\/[^/]*\//, '');
    receiver.node = name;
    if (name.startsWith('missing')) {  // a link without target, that is closed at once, is a refusal
        receiver.close(error('amqp:not-found', `The messaging entity '${name}' could not be found.`));
        return;
    }
    receiver.set_target(receiver.remote.attach.target);
    receiver.set_source(receiver.remote.attach.source);
});

container.on('message', (context) => {
    const { node } = context.receiver;
    if (node === '$cbs') {
        context.delivery.accept();
        putToken(context.connection, context.message);
    } else if (node.endsWith('/$management')) {
        context.delivery.accept();
        manage(context.connection, node, context.message);
    } else {
        take(context, node);
    }
});

container.on('sender_open', (context) => {
    const { sender } = context;
    const { source } = sender.remote.attach;
    const name = source.address.replace(/^amqps?:\/\/[^/]*\//, '');
    sender.set_target(sender.remote.attach.target);
    if (name === '$cbs' || name.endsWith('/$management')) {
        sender.set_source(source);
        context.connection.replies.set(name, sender);
        return;
    }
    if (name.startsWith('missing')) {
        sender.set_source(source);
        sender.close(error('amqp:not-found', `The messaging entity '${name}' could not be found.`));
        return;
    }
    openReader(context, name, source);
});

function openReader(context, name, source) {
    const { sender } = context;
    const queue = queueOf(name);
    if (name.startsWith('sessions')) {
        const asked = source.filter && source.filter[SESSION_FILTER];
        const wanted = asked && asked.value !== undefined ? asked.value : asked;
        const first = queue.waiting.find((each) => each.decoded.group_id);
        sender.sessionId = wanted || (first && first.decoded.group_id);
        const described = types.wrap_described(sender.sessionId, { symbol: SESSION_FILTER });
        sender.set_source({ address: source.address, filter: { [SESSION_FILTER]: described } });
        sender.local.attach.properties = { 'com.microsoft:locked-until-utc': types.wrap_long(TICKS_OF_2100) };
    } else {
        sender.set_source(source);
    }
    sender.out = new Map();
    queue.readers.add(sender);
    sender.local.attach.rcv_settle_mode = sender.remote.attach.rcv_settle_mode;
    const settled = (event, again) => sender.on(event, ({ delivery }) => {
        delivery.update(true, rhea.message[event]().described());  // the SDK waits to hear it
        const message = sender.out.get(delivery.id);
        sender.out.delete(delivery.id);
        if (message && again) giveBack(name, message);
    });
    settled('accepted', false);
    settled('rejected', false);
    settled('released', true);
    settled('modified', true);
    sender.on('sendable', () => pump(name));
    const gone = () => {
        if (!queue.readers.delete(sender)) return;
        for (const message of sender.out.values()) giveBack(name, message);
    };
    sender.on('sender_close', gone);
    context.connection.on('disconnected', gone);
}

for (const event of ['connection_error', 'disconnected', 'protocol_error', 'error', 'session_error', 'sender_error', 'receiver_error']) {
    container.on(event, (context) => { if (context && context.error) console.error(event, context.error); });
}

const broker = container.listen({
    port: PORT,
    host: '127.0.0.1',
    receiver_options: { autoaccept: false, max_message_size: LARGEST, credit_window: 500 },
    sender_options: { autosettle: false },
});
broker.on('connection', (socket) => socket.on('error', () => {}));

// -- control ---------------------------------------------------------------------------------------

function shown(decoded, extra) {
    const content = decoded.body && decoded.body.content !== undefined ? decoded.body.content : decoded.body;
    return {
        id: decoded.message_id, session: decoded.group_id, content_type: decoded.content_type,
        subject: decoded.subject, correlation: decoded.correlation_id,
        properties: decoded.application_properties,
        body: Buffer.from(content || '').toString('base64'), ...extra,
    };
}

http.createServer((request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', () => {
        let answer = {};
        if (request.method === 'DELETE') orders = [];
        if (request.method === 'POST') orders.push(...JSON.parse(text));
        if (request.method === 'GET') {
            const queue = queueOf(url.searchParams.get('queue'));
            answer = {
                waiting: queue.waiting.map((each) => shown(each.decoded, { sequence: each.sequence })),
                scheduled: Array.from(queue.scheduled, ([number, each]) => shown(each.decoded, { sequence: number, due: each.due })),
            };
        }
        response.end(JSON.stringify(answer));
    });
}).listen(CONTROL, '127.0.0.1');
