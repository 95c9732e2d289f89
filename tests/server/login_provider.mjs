// An OpenID Connect provider for test_login.py, by the package oidc-provider: its pages take any user and any password.
// The first argument is the folder with node_modules, the second the configuration as JSON.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import http from "node:http";
import path from "node:path";

const [folder, text] = process.argv.slice(2);
const require = createRequire(path.join(folder, "package.json"));
const { default: Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));
const wanted = JSON.parse(text);

const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
    const issuer = `http://127.0.0.1:${server.address().port}`;
    const provider = new Provider(issuer, {
        ...wanted,
        claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
        findAccount: (_, id) => ({
            accountId: id,
            claims: () => ({ sub: id, email: `${id}@example.org`, email_verified: true, name: `User ${id}` }),
        }),
    });
    server.on("request", provider.callback());
    console.log(issuer);
});
