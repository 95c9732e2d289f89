// Draws openapi.json: operations by tag, schemas, and a form that sends each request. No library; every text is put in
// with textContent, so nothing in the document can become markup.
'use strict';

const methods = ['get', 'query', 'x-query', 'post', 'put', 'patch', 'delete', 'options', 'head', 'trace'];
const credentials = new Map();
let api;

function make(tag, more = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(more)) {
    if (name === 'class') node.className = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// -- schemas --

function resolve(schema) {
  let seen = 0;
  while (schema && schema.$ref && seen++ < 20) {
    schema = schema.$ref.slice(2).split('/').reduce((at, key) => at && at[key.replace(/~1/g, '/').replace(/~0/g, '~')], api);
  }
  return schema || {};
}

function nameOf(schema) {
  return schema && schema.$ref ? schema.$ref.split('/').pop() : '';
}

function typeOf(schema) {
  if (nameOf(schema)) return nameOf(schema);
  const union = schema.anyOf || schema.oneOf;
  if (union) return union.map(typeOf).join(' or ');
  if (schema.title && schema.properties) return schema.title;
  const types = [].concat(schema.type || 'any').filter((type) => type !== 'null');
  let text = types.map((type) => (type === 'array' ? `list of ${typeOf(schema.items || {})}` : type)).join(' or ');
  if (types[0] === 'object' && schema.additionalProperties && schema.additionalProperties !== true)
    text = `map of ${typeOf(schema.additionalProperties)}`;
  return schema.format ? `${text} (${schema.format})` : text;
}

const rules = {
  minimum: 'at least', maximum: 'at most', exclusiveMinimum: 'above', exclusiveMaximum: 'below',
  multipleOf: 'multiple of', minLength: 'min. length', maxLength: 'max. length',
  minItems: 'min. items', maxItems: 'max. items', pattern: 'pattern', 'x-pattern': 'pattern', default: 'default',
};

function rulesOf(schema) {
  const isExact = (value) => typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value);
  const isOfKind = (key) => (key === 'pattern' && ['byte', 'decimal', 'duration', 'time-local'].includes(schema.format))
    || (schema.format === 'int32' && Math.abs(schema[key] + 0.5) === 2147483647.5); // told by the format already
  const parts = Object.keys(rules).filter((key) => key in schema && isExact(schema[key]) && !isOfKind(key))
    .map((key) => `${rules[key]} ${JSON.stringify(schema[key])}`); // JSON.parse has rounded what is not exact
  if (schema.enum) parts.push(`one of ${schema.enum.map((item) => JSON.stringify(item)).join(', ')}`);
  if (schema.uniqueItems) parts.push('no two alike');
  for (const [each, part] of [['each', schema.items], ['each', schema.additionalProperties], ['keys', schema.propertyNames]])
    if (part && part !== true && rulesOf(part)) parts.push(`${each}: ${rulesOf(part)}`);
  if ([].concat(schema.type || []).includes('null')) parts.push('or null');
  if (schema.readOnly) parts.push('read-only');
  if (schema.writeOnly) parts.push('write-only');
  return parts.join(', ');
}

function example(schema, isInput, depth = 0) {
  const name = nameOf(schema);
  schema = resolve(schema);
  if (schema.example !== undefined) return schema.example;
  if (schema.examples && schema.examples.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const type = [].concat(schema.type || (schema.properties ? 'object' : 'any'))[0];
  if (type === 'object') {
    const made = {};
    if (depth > 5 && name) return made;
    for (const [key, property] of Object.entries(schema.properties || {})) {
      if (!(isInput && resolve(property).readOnly) && !(!isInput && resolve(property).writeOnly))
        made[key] = example(property, isInput, depth + 1);
    }
    return made;
  }
  if (type === 'array') return depth > 5 ? [] : [example(schema.items || {}, isInput, depth + 1)];
  if (type === 'integer' || type === 'number') return Math.max(schema.minimum ?? 0, 0);
  if (type === 'boolean') return false;
  const texts = { 'date-time': '2026-01-01T00:00:00Z', date: '2026-01-01', uuid: '123e4567-e89b-12d3-a456-426614174000',
    email: 'name@example.org', uri: 'https://example.org/' };
  return type === 'string' ? texts[schema.format] || 'text'.padEnd(schema.minLength || 0, ' text') : null;
}

function drawSchema(schema, depth = 0) {
  const full = resolve(schema);
  if (!full.properties) return make('p', {}, make('code', {}, typeOf(schema)), ' ', rulesOf(full));
  const rows = Object.entries(full.properties).map(([key, property]) => {
    const whole = { ...resolve(property), ...property };
    const must = (full.required || []).includes(key);
    return make('tr', {},
      make('th', { class: 'name', scope: 'row' }, make('code', {}, key), must ? make('span', { class: 'must', title: 'required' }, ' *') : null),
      make('td', {}, typeOf(property)), make('td', {}, [whole.description, rulesOf(whole)].filter(Boolean).join(' · ')));
  });
  return make('div', { class: 'scroll' }, full.description && depth === 0 ? make('p', {}, full.description) : null,
    make('table', { class: 'params' }, make('tbody', {}, ...rows)));
}

// -- one operation --

function inputFor(schema, known) {
  const full = resolve(schema || {});
  const choices = full.enum || ([].concat(full.type).includes('boolean') ? [true, false] : null);
  if (choices) {
    return make('select', { 'aria-label': known },
      make('option', { value: '' }, '(not sent)'), ...choices.map((choice) => make('option', { value: String(choice) }, String(choice))));
  }
  return make('input', { 'aria-label': known, placeholder: full.default !== undefined ? String(full.default) : '' });
}

function quote(text) {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

function curlLine(request) {
  const parts = ['curl'];
  if (request.method !== 'GET') parts.push('-X', request.method);
  for (const [name, value] of Object.entries(request.headers)) parts.push('-H', quote(`${name}: ${value}`));
  if (request.shown) parts.push(...request.shown);
  parts.push(quote(request.url));
  return parts.join(' ');
}

function addCredentials(operation, request) {
  for (const need of operation.security || api.security || []) {
    for (const name of Object.keys(need)) {
      const scheme = ((api.components || {}).securitySchemes || {})[name];
      const secret = credentials.get(name);
      if (!scheme || !secret) continue;
      if (scheme.type === 'apiKey' && scheme.in === 'header') request.headers[scheme.name] = secret;
      else if (scheme.type === 'apiKey' && scheme.in === 'query') request.url.searchParams.set(scheme.name, secret);
      else if (scheme.type === 'http' && scheme.scheme === 'basic') request.headers.Authorization = `Basic ${btoa(secret)}`;
      else if (scheme.type !== 'apiKey') request.headers.Authorization = `Bearer ${secret}`;
    }
  }
}

function fillRequest(path, method, operation, inputs, body) {
  const request = { method: method.replace(/^x-/, '').toUpperCase(), headers: {} };
  let place = path;
  const search = [];
  for (const { parameter, input } of inputs) {
    if (input.value === '') continue;
    if (parameter.in === 'path') place = place.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (parameter.in === 'query' && resolve(parameter.schema).type === 'array')
      for (const part of input.value.split(',')) search.push([parameter.name, part.trim()]);
    else if (parameter.in === 'query') search.push([parameter.name, input.value]);
    else if (parameter.in === 'header') request.headers[parameter.name] = input.value;
  }
  const server = (operation.servers || api.servers || [])[0] || {};
  const root = (server.url || '/').replace(/\{([^}]*)\}/g, (whole, name) => ((server.variables || {})[name] || {}).default || whole);
  request.url = new URL(root.replace(/\/$/, '') + place, location.href);
  for (const [name, value] of search) request.url.searchParams.append(name, value);
  addCredentials(operation, request);
  if (body) body(request);
  request.url = request.url.href;
  return request;
}

function uploadsOf(schema) {
  return Object.entries(resolve(schema).properties || {}).filter(([, property]) =>
    'contentMediaType' in resolve(property) || resolve(property).format === 'binary').map(([key]) => key);
}

function drawBody(operation) {
  const content = (operation.requestBody || {}).content;
  if (!content) return { nodes: [], body: null };
  const types = Object.keys(content);
  const choice = make('select', { 'aria-label': 'Content type' }, ...types.map((type) => make('option', {}, type)));
  const text = make('textarea', { 'aria-label': 'Body', spellcheck: 'false' });
  const files = make('input', { type: 'file', multiple: true, 'aria-label': 'Files', hidden: true });
  const samples = make('select', { 'aria-label': 'Example' });
  const showSamples = () => {
    const named = Object.entries(content[choice.value].examples || {});
    samples.replaceChildren(...named.map(([name, given]) => make('option', { value: name }, given.summary ? `${name}: ${given.summary}` : name)));
    samples.hidden = named.length === 0;
  };
  const show = () => {
    const named = (content[choice.value].examples || {})[samples.value];
    const sample = named ? named.value : example(content[choice.value].schema || {}, true);
    const isForm = !choice.value.includes('json');
    const uploads = uploadsOf(content[choice.value].schema); // chosen below, not written
    text.value = isForm
      ? Object.entries(sample || {}).filter(([key]) => !uploads.includes(key)).map(([key, value]) => `${key}=${value}`).join('\n')
      : JSON.stringify(sample, null, 2);
    files.hidden = !choice.value.includes('multipart');
  };
  choice.addEventListener('change', () => { showSamples(); show(); });
  samples.addEventListener('change', show);
  showSamples();
  show();
  const pairs = () => text.value.split('\n').filter((line) => line.includes('='))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  const body = (request) => {
    if (choice.value.includes('multipart')) {
      request.body = new FormData();
      const uploads = uploadsOf(content[choice.value].schema);
      for (const [key, value] of pairs()) if (!uploads.includes(key)) request.body.append(key, value);
      [...files.files].forEach((file, index) => request.body.append(uploads[Math.min(index, uploads.length - 1)] || 'file', file));
      request.shown = [...pairs().filter(([key]) => !uploads.includes(key)).flatMap(([key, value]) => ['-F', quote(`${key}=${value}`)]),
        ...[...files.files].flatMap((file, index) => ['-F', quote(`${uploads[Math.min(index, uploads.length - 1)] || 'file'}=@${file.name}`)])];
    } else if (choice.value.includes('urlencoded')) {
      request.body = new URLSearchParams(pairs());
      request.shown = ['-d', quote(request.body.toString())];
    } else {
      request.headers['Content-Type'] = choice.value;
      request.body = text.value;
      request.shown = ['-d', quote(text.value)];
    }
  };
  return { nodes: [make('h3', {}, 'Body ', choice, ' ', samples), drawSchema(content[types[0]].schema || {}), text, files], body };
}

async function send(request, into) {
  into.replaceChildren(make('h3', {}, 'Request'), make('pre', {}, curlLine(request)), make('p', { class: 'quiet' }, 'Waiting …'));
  const began = performance.now();
  try {
    const reply = await fetch(request.url, { method: request.method, headers: request.headers, body: request.body });
    const text = await reply.text();
    let shown = text;
    if ((reply.headers.get('content-type') || '').includes('json')) {
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ }
    }
    const ms = Math.round(performance.now() - began);
    into.lastChild.replaceWith(
      make('h3', {}, 'Answer ', make('span', { class: `status ${reply.ok ? 'ok' : 'bad'}` }, `${reply.status} ${reply.statusText}`), make('span', { class: 'quiet' }, ` ${ms} ms`)),
      make('pre', {}, [...reply.headers].map(([name, value]) => `${name}: ${value}`).join('\n')),
      make('pre', {}, shown.length > 200000 ? `${shown.slice(0, 200000)}\n… (${shown.length} characters)` : shown || '(no body)'));
  } catch (error) {
    into.lastChild.replaceWith(make('p', { class: 'status bad' }, `No answer: ${error.message}`));
  }
}

function drawOperation(path, method, operation, shared) {
  const box = make('details', { class: `operation${operation.deprecated ? ' deprecated' : ''}`, id: operation.operationId || `${method}${path}` },
    make('summary', {}, make('span', { class: `method ${method}` }, method.replace(/^x-/, '').toUpperCase()), make('span', { class: 'path' }, path),
      make('span', { class: 'quiet' }, operation.summary || '')));
  box.dataset.words = `${method} ${path} ${operation.summary || ''} ${operation.operationId || ''}`.toLowerCase();
  box.addEventListener('toggle', () => { // drawn when it is first opened: a large API is quick to load
    if (box.open && box.children.length === 1) box.append(drawInside(path, method, operation, shared));
  });
  return box;
}

function drawInside(path, method, operation, shared) {
  const inside = make('div', { class: 'inside' });
  const inputs = [...shared, ...(operation.parameters || [])].map(resolve).map((parameter) => ({ parameter, input: inputFor(parameter.schema, parameter.name) }));
  const answer = make('div', { 'aria-live': 'polite' });
  const { nodes, body } = drawBody(operation);
  if (operation.deprecated) inside.append(make('p', { class: 'must' }, 'Deprecated.'));
  if (operation.description) inside.append(make('p', {}, operation.description));
  const needs = drawNeeds(operation);
  if (needs) inside.append(needs);
  if (operation.servers) inside.append(make('p', { class: 'quiet' }, 'At ', ...operation.servers.map((server) => make('code', {}, server.url))));
  if (inputs.length) {
    inside.append(make('h3', {}, 'Parameters'), make('table', { class: 'params' }, make('tbody', {}, ...inputs.map(({ parameter, input }) =>
      make('tr', {}, make('th', { class: 'name', scope: 'row' }, make('code', {}, parameter.name), parameter.required ? make('span', { class: 'must' }, ' *') : null, make('span', { class: 'quiet' }, ` ${parameter.in}`)),
        make('td', {}, input, ' ', ...drawPicks(parameter, input)), make('td', {}, [typeOf(parameter.schema || {}), parameter.description, rulesOf(resolve(parameter.schema || {}))].filter(Boolean).join(' · ')))))));
  }
  inside.append(...nodes);
  const go = () => fillRequest(path, method, operation, inputs, body);
  inside.append(make('p', {}, make('button', { type: 'button', onclick: () => send(go(), answer) }, 'Send'), ' ',
    make('button', { type: 'button', class: 'plain', onclick: () => answer.replaceChildren(make('h3', {}, 'Request'), make('pre', {}, curlLine(go()))) }, 'Show curl')), answer);
  inside.append(make('h3', {}, 'Answers'));
  for (const [status, reply] of Object.entries(operation.responses || {})) {
    const full = resolve(reply);
    const [type, media] = Object.entries(full.content || {})[0] || [];
    const schema = media && media.schema;
    inside.append(make('p', {}, make('span', { class: `status ${status < 400 ? 'ok' : 'bad'}` }, status),
      ` ${full.description || ''} `, make('span', { class: 'quiet' }, type || ''),
      schema && !(status < 400) ? make('code', {}, ` ${typeOf(schema)}`) : null));
    const headers = Object.entries(full.headers || {});
    if (headers.length) {
      inside.append(make('p', { class: 'quiet' }, 'Headers: ', ...headers.flatMap(([name, header], index) => [
        index ? ', ' : '', make('code', {}, name), resolve(header).description ? ` (${resolve(header).description})` : ''])));
    }
    const named = Object.entries((media && media.examples) || {});
    if (schema && status < 400)
      inside.append(drawSchema(schema), ...(named.length ? [] : [make('pre', {}, JSON.stringify(example(schema, false), null, 2))]));
    for (const [name, given] of named)
      inside.append(make('p', { class: 'quiet' }, given.summary ? `${name}: ${given.summary}` : name), make('pre', {}, JSON.stringify(given.value, null, 2)));
  }
  for (const [name, urls] of Object.entries(operation.callbacks || {})) {
    for (const [url, item] of Object.entries(urls))
      inside.append(make('h3', {}, `Callback ${name} `, make('code', {}, url)), ...drawMade(item));
  }
  return inside;
}

// Who may call it: schemes, and the scopes of each.
function drawNeeds(operation) {
  const needs = operation.security || api.security || [];
  if (!needs.length) return null;
  const ways = needs.map((need) => Object.entries(need).map(([name, scopes]) => (scopes.length ? `${name} (${scopes.join(', ')})` : name)).join(' and ') || 'no credentials');
  return make('p', { class: 'quiet needs' }, `Needs ${ways.join(', or ')}`);
}

// A button for each example of a parameter.
function drawPicks(parameter, input) {
  return Object.entries(parameter.examples || {}).map(([name, given]) => make('button', {
    type: 'button', class: 'plain pick', title: given.summary || name,
    onclick: () => { input.value = typeof given.value === 'string' ? given.value : JSON.stringify(given.value); },
  }, name));
}

// A request that the application makes: a webhook or a callback.
function drawMade(item) {
  return Object.entries(item).flatMap(([method, operation]) => {
    const media = Object.values((operation.requestBody || {}).content || {})[0];
    return [make('p', {}, make('span', { class: `method ${method}` }, method.toUpperCase()), ` ${operation.summary || ''}`),
      operation.description ? make('p', {}, operation.description) : null,
      media && media.schema ? drawSchema(media.schema) : null,
      media && media.schema ? make('pre', {}, JSON.stringify(example(media.schema, false), null, 2)) : null].filter(Boolean);
  });
}

function drawWebhooks() {
  const hooks = Object.entries(api.webhooks || {});
  if (!hooks.length) return null;
  return make('section', {}, make('h2', {}, 'Webhooks'), ...hooks.map(([name, item]) => {
    const box = make('details', { class: 'operation' }, make('summary', {}, make('span', { class: 'path' }, name),
      make('span', { class: 'quiet' }, Object.values(item).map((operation) => operation.summary || '').join(' '))));
    box.dataset.words = `${name} webhook`.toLowerCase();
    box.addEventListener('toggle', () => {
      if (box.open && box.children.length === 1) box.append(make('div', { class: 'inside' }, ...drawMade(item)));
    });
    return box;
  }));
}

// -- the page --

function drawAuthorize() {
  const schemes = Object.entries((api.components || {}).securitySchemes || {});
  const button = document.getElementById('authorize');
  button.hidden = schemes.length === 0;
  button.addEventListener('click', () => document.getElementById('credentials').showModal());
  document.getElementById('schemes').replaceChildren(...schemes.map(([name, scheme]) => {
    const hint = scheme.type === 'http' && (scheme.scheme === 'basic' || scheme.scheme === 'digest') ? 'name:password' : scheme.type === 'apiKey' ? `${scheme.in} ${scheme.name}` : 'token';
    return make('label', {}, `${name} (${hint})`, make('input', { type: 'password', autocomplete: 'off', oninput: (event) => credentials.set(name, event.target.value) }));
  }));
}

function draw() {
  const title = document.getElementById('title');
  document.title = api.info.title;
  title.replaceChildren(api.info.title, ' ', make('small', {}, api.info.version || ''));
  document.getElementById('about').textContent = api.info.description || '';
  const tags = new Map((api.tags || []).map((tag) => [tag.name, []]));
  for (const [path, item] of Object.entries(api.paths || {})) {
    for (const method of methods.filter((name) => item[name])) {
      const tag = (item[method].tags || ['operations'])[0];
      if (!tags.has(tag)) tags.set(tag, []);
      tags.get(tag).push(drawOperation(path, method, item[method], item.parameters || []));
    }
  }
  const main = document.getElementById('main');
  const described = new Map((api.tags || []).map((tag) => [tag.name, tag.description]));
  main.replaceChildren(...[...tags].filter(([, boxes]) => boxes.length).map(([tag, boxes]) =>
    make('section', {}, make('h2', {}, tag), described.get(tag) ? make('p', { class: 'quiet' }, described.get(tag)) : null, ...boxes)));
  const webhooks = drawWebhooks();
  if (webhooks) main.append(webhooks);
  const schemas = Object.keys((api.components || {}).schemas || {});
  if (schemas.length) {
    main.append(make('section', {}, make('h2', {}, 'Schemas'), ...schemas.map((name) => {
      const box = make('details', { class: 'operation' }, make('summary', {}, make('span', { class: 'path' }, name)));
      box.dataset.words = name.toLowerCase();
      box.addEventListener('toggle', () => {
        if (box.open && box.children.length === 1) box.append(make('div', { class: 'inside' }, drawSchema({ $ref: `#/components/schemas/${name}` })));
      });
      return box;
    })));
  }
  drawAuthorize();
  const open = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (open && 'open' in open) { open.open = true; open.scrollIntoView(); }
}

document.getElementById('filter').addEventListener('input', (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/);
  for (const box of document.querySelectorAll('details.operation')) box.hidden = !words.every((word) => box.dataset.words.includes(word));
  for (const section of document.querySelectorAll('section')) section.hidden = !section.querySelector('details.operation:not([hidden])');
});

fetch(document.getElementById('source').href).then((reply) => {
  if (!reply.ok) throw new Error(`${reply.status} ${reply.statusText}`);
  return reply.json();
}).then((document_) => { api = document_; draw(); }).catch((error) => {
  document.getElementById('main').replaceChildren(make('p', { class: 'must' }, `openapi.json can't be read: ${error.message}`));
});
