// better-auth as its documentation sets it up: Node, PostgreSQL through pg, e-mail and password.
import { betterAuth } from "better-auth";
import pg from "pg";

const { PORT, EQUAL_COST, COOKIE_CACHE } = process.env;

async function equalCost() {
  const { hash, verify } = await import("@node-rs/argon2");
  const [memoryCost, timeCost] = EQUAL_COST.split(",").map(Number);
  const cost = { memoryCost, timeCost, parallelism: 1 };
  return {
    hash: (password) => hash(password, cost),
    verify: ({ hash: kept, password }) => verify(kept, password),
  };
}

export const auth = betterAuth({
  baseURL: `http://127.0.0.1:${PORT}`,
  secret: "only for this measurement, and long enough",
  database: new pg.Pool(), // Where: PGHOST, PGPORT, PGDATABASE, PGUSER.
  emailAndPassword: {
    enabled: true,
    ...(EQUAL_COST ? { password: await equalCost() } : {}),
  },
  session: { cookieCache: { enabled: Boolean(COOKIE_CACHE), maxAge: 5 * 60 } },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
});
