// panva's oidc-provider for the tests: one person, some clients, and faults on demand.
//
// Settings come as JSON in the environment variable SETTINGS: modules, port,
// ready, key, issuer, jwks. Who comes to
// sign in is let in at once, and consents; `login_hint=nobody` declines. The client `opaque` gets tokens that
// only introspection can tell anything about. Under /control/ stand what the tests need beside: faults for the
// token endpoint, the log of what it was asked, the typing of a device code, and the end of a token's time.

import { once } from "node:events";
import { createServer } from "node:net";

// The provider is written for Node 22, which has this.
URL.parse ??= (address, base) => {
  try {
    return new URL(address, base);
  } catch {
    return null;
  }
};

const settings = JSON.parse(process.env.SETTINGS);
const { default: Provider } = await import(`${settings.modules}/oidc-provider/lib/index.js`);
const issuer = `http://127.0.0.1:${settings.port}`;
const RESOURCE = "urn:mail";
const GOOGLE = "https://mail.google.com/";
const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";
const faults = [];
const log = [];

const confidential = { grant_types: ["client_credentials"], redirect_uris: [], response_types: [], scope: "mail" };
const desktop = {
  application_type: "native",
  token_endpoint_auth_method: "none",
  grant_types: ["authorization_code", "refresh_token", DEVICE],
  redirect_uris: ["http://127.0.0.1/", "http://[::1]/", "http://localhost/"],
};
const clients = [
  { ...desktop, client_id: "desktop" },
  { ...desktop, client_id: "opaque" },
  { ...desktop, client_id: "windev", redirect_uris: ["http://localhost:9000"] },
  { client_id: "dovecot", client_secret: "introspects", grant_types: [], redirect_uris: [], response_types: [] },
  { ...confidential, client_id: "daemon", client_secret: "s+cr/t &%:=", token_endpoint_auth_method: "client_secret_post" },
  { ...confidential, client_id: "a:b c", client_secret: "s+cr/t &%:=", token_endpoint_auth_method: "client_secret_basic" },
  { ...confidential, client_id: "signer", token_endpoint_auth_method: "private_key_jwt", jwks: settings.jwks },
];

const provider = new Provider(issuer, {
  clients,
  scopes: ["openid", "offline_access", "mail", "calendar", GOOGLE],
  cookies: { keys: ["only for tests"] },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  responseModes: ["query", "form_post"],
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  ttl: { AccessToken: 3600, ClientCredentials: 3600, DeviceCode: 600, Grant: 86400, RefreshToken: 86400, Session: 60, Interaction: 60 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true },
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, __, client) => ({
        scope: `mail calendar ${GOOGLE}`,
        accessTokenFormat: client.clientId === "opaque" ? "opaque" : "jwt",
        jwt: { sign: { alg: "HS256", key: Buffer.from(settings.key, "base64") } },
      }),
    },
  },
  formats: {
    customizers: {
      // As Dovecot wants them: its key is looked up without a kid, and it knows one issuer and this type alone.
      jwt: (_, token, jwt) => {
        jwt.header = { typ: "JWT" };
        jwt.payload.iss = settings.issuer;
        jwt.payload.email = token.accountId ?? "alice@mail.test";
        jwt.payload.nbf = jwt.payload.iat;
        if (jwt.payload.scope === GOOGLE) jwt.payload.scope = "mail";
      },
    },
  },
});

async function granted(accountId, clientId) {
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope(`openid offline_access mail calendar ${GOOGLE}`);
  grant.addResourceScope(RESOURCE, `mail calendar ${GOOGLE}`);
  return grant.save();
}

async function interact(ctx) {
  const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
  let result;
  if (params.login_hint === "nobody") {
    result = { error: "access_denied", error_description: "the person said no" };
  } else if (prompt.name === "login") {
    result = { login: { accountId: params.login_hint ?? "alice@mail.test" } };
  } else {
    result = { consent: { grantId: await granted(session.accountId, params.client_id) } };
  }
  ctx.respond = false;
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
}

async function typeCode(userCode) {
  const code = await provider.DeviceCode.findByUserCode(userCode.replaceAll("-", ""), { ignoreExpiration: true });
  const accountId = "alice@mail.test";
  Object.assign(code, { accountId, grantId: await granted(accountId, code.clientId), scope: code.params.scope, resource: RESOURCE, authTime: 1 });
  await code.save();
}

async function expire(accessToken) {
  const { adapter } = provider.AccessToken;
  const stored = await adapter.find(accessToken);
  await adapter.upsert(accessToken, { ...stored, exp: stored.iat - 60 }, 600);
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString() || "null");
}

async function control(ctx) {
  ctx.body = {};
  if (ctx.path === "/control/faults") faults.splice(0, faults.length, ...(await body(ctx.req)));
  else if (ctx.path === "/control/device") await typeCode(await body(ctx.req));
  else if (ctx.path === "/control/expire") await expire(await body(ctx.req));
  else if (ctx.path === "/control/log") ctx.body = log.splice(0);
  else ctx.status = 404;
}

provider.use(async (ctx, next) => {
  if (ctx.path.startsWith("/control/")) return control(ctx);
  if (ctx.path.startsWith("/interaction/")) return interact(ctx);
  if (ctx.path === "/token" && faults.length > 0) {
    const fault = faults.shift();
    if (fault.hang) return once(ctx.res, "close");
    log.push({ fault: fault.status });
    ctx.status = fault.status;
    ctx.set(fault.headers ?? {});
    ctx.body = fault.body ?? {};
    return undefined;
  }
  await next();
  if (ctx.path === "/token/introspection") ctx.body.username = ctx.body.sub ?? "nobody";
  if (ctx.path === "/token") log.push({ grant: ctx.oidc?.params?.grant_type, status: ctx.status, error: ctx.body?.error });
  return undefined;
});

// A web server greets nobody; whoever waits for it to start asks here.
provider.listen(settings.port, "127.0.0.1", () => {
  createServer((visitor) => visitor.end("ready\n")).listen(settings.ready, "127.0.0.1");
});
