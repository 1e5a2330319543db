'use strict';

/* A forum in the manner of NodeBB: sessions in Redis, a list of each user's session ids, "log out that device". */
const http = require('node:http');
const cookieParser = require('cookie-parser');
const express = require('express');
const session = require('express-session');
const passport = require('passport');
const { RedisStore } = require('connect-redis');
const { Strategy } = require('passport-local');
const { createClient } = require('redis');
const { Server } = require('socket.io');

const secret = process.env.SESSION_SECRET;
const redis = createClient({ url: process.env.REDIS_URL });
const store = new RedisStore({ client: redis });
const app = express();

passport.use(new Strategy((name, password, done) => done(null, password === 'open' && { name })));
passport.serializeUser((user, done) => done(null, user.name));
passport.deserializeUser((name, done) => done(null, { name }));

const sessions = session({
  secret,
  store,
  resave: false,
  saveUninitialized: false,
  cookie: { maxAge: 24 * 60 * 60 * 1000 },
});

const devicesOf = (name) => `devices:${name}`;

app.use(express.urlencoded({ extended: false }));
app.use(sessions);
app.use(passport.session());

app.get('/me', (req, res) => res.json({ user: req.user?.name ?? null }));
app.post('/login', passport.authenticate('local'), async (req, res) => {
  await redis.sAdd(devicesOf(req.user.name), req.sessionID);
  res.json({ user: req.user.name });
});
app.post('/logout', (req, res, next) => {
  const { user, sessionID } = req;
  req.logout((error) => {
    if (error) next(error);
    else redis.sRem(devicesOf(user.name), sessionID).then(() => res.json({ user: null }), next);
  });
});

/** As after a change of the password: all other devices are signed out. */
app.post('/devices/logout', async (req, res) => {
  const others = (await redis.sMembers(devicesOf(req.user.name))).filter((id) => id !== req.sessionID);
  await Promise.all(others.map((id) => new Promise((resolve) => store.destroy(id, resolve))));
  if (others.length > 0) await redis.sRem(devicesOf(req.user.name), others);
  res.json({ ended: others.length });
});

const server = http.createServer(app);
const io = new Server(server);
const parseCookies = cookieParser(secret);

/** Whoever connects is shown as present, by the name in the session. */
io.use(async (socket, next) => {
  try {
    const { request } = socket;
    await new Promise((resolve) => parseCookies(request, {}, resolve));
    const id = request.signedCookies['connect.sid'];
    const found = id ? await new Promise((resolve) => store.get(id, (_, record) => resolve(record))) : null;
    socket.data.user = found?.passport?.user;
    next();
  } catch (error) {
    next(error);
  }
});

io.on('connection', (socket) => {
  socket.on('who', (answer) => answer(socket.data.user ?? null));
});

void redis.connect().then(() => {
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
});
