"use strict";

const node = id => document.getElementById(id);

/** Sends a request with or without JSON, and returns the reply's; an error is shown and thrown. */
async function call(method, path, body) {
    const reply = await fetch(path, {
        method,
        headers: {"Accept": "application/json", ...(body ? {"Content-Type": "application/json"} : {})},
        body: body && JSON.stringify(body)
    });
    const text = await reply.text(), value = text ? JSON.parse(text) : null;
    if (!reply.ok) {
        const fault = value?.errors?.[0]?.message;
        throw new Error(fault ? `The code ${fault}.` : value?.detail || value?.title || `Error ${reply.status}`);
    }
    return value;
}

/** Runs an action, and shows what went wrong. */
function on(id, event, action) {
    node(id).addEventListener(event, async happened => {
        happened.preventDefault();
        node("said").textContent = "";
        try {
            await action();
        } catch (error) {
            node("said").textContent = error.message;
        }
    });
}

function showCodes(codes) {
    node("codes").replaceChildren(...codes.map(code => Object.assign(document.createElement("li"), {textContent: code})));
    node("codes-shown").hidden = false;
}

function passkeyItem(passkey) {
    const item = document.createElement("li"), name = document.createElement("span"), remove = document.createElement("button");
    name.textContent = passkey.name + (passkey.used ? `, last used ${new Date(passkey.used).toLocaleDateString()}` : ", not used yet");
    remove.textContent = `Remove ${passkey.name}`;
    remove.addEventListener("click", async () => {
        try {
            await call("DELETE", `passkeys/${passkey.id}`);
            await show();
        } catch (error) {
            node("said").textContent = error.message;
        }
    });
    item.append(name, " ", remove);
    return item;
}

/** Brings the page up to date. */
async function show() {
    const state = await call("GET", "two-factor");
    node("app-state").textContent = state.app ? "An app is set up." : "No app is set up.";
    node("app-begin").hidden = state.app;
    node("app-remove").hidden = !state.app;
    node("codes-state").textContent = `${state.recovery_codes_left} codes are left.`;
    node("codes-new").hidden = !state.app;
    const list = await fetch("passkeys", {headers: {"Accept": "application/json"}});
    node("passkey-section").hidden = !list.ok || !window.PublicKeyCredential;
    if (list.ok)
        node("passkeys").replaceChildren(...(await list.json()).map(passkeyItem));
}

on("app-begin", "click", async () => {
    const setup = await call("POST", "two-factor/app");
    node("app-qr").innerHTML = setup.qr || "";
    node("app-secret").textContent = setup.secret;
    node("app-link").href = setup.uri;
    node("app-form").hidden = false;
    node("app-begin").hidden = true;
    node("app-code").focus();
});
on("app-form", "submit", async () => {
    const made = await call("POST", "two-factor/app/confirm", {code: node("app-code").value});
    node("app-form").hidden = true;
    node("app-qr").replaceChildren();
    node("app-secret").textContent = node("app-code").value = "";
    showCodes(made.codes);
    await show();
});
on("app-remove", "click", async () => {
    await call("DELETE", "two-factor/app");
    node("codes-shown").hidden = true;
    await show();
});
on("codes-new", "click", async () => {
    showCodes((await call("POST", "two-factor/codes")).codes);
    await show();
});
on("passkey-form", "submit", async () => {
    const options = PublicKeyCredential.parseCreationOptionsFromJSON(await call("POST", "passkeys/options"));
    const made = await navigator.credentials.create({publicKey: options});
    await call("POST", `passkeys?name=${encodeURIComponent(node("passkey-name").value)}`, made.toJSON());
    node("passkey-name").value = "";
    await show();
});
show().catch(error => node("said").textContent = error.message);
