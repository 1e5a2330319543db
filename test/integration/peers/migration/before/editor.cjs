'use strict';

/* An editor in the manner of HedgeDoc: Passport, sessions in PostgreSQL by Sequelize, and a handshake that reads the cookie. */
const http = require('node:http');
const cookie = require('cookie');
const express = require('express');
const session = require('express-session');
const passport = require('passport');
const { Strategy } = require('passport-local');
const { Sequelize } = require('sequelize');
const { Server } = require('socket.io');
const SequelizeStore = require('connect-session-sequelize')(session.Store);
const { unsign } = require('cookie-signature');

const secret = process.env.SESSION_SECRET;
const database = new Sequelize(process.env.DATABASE_URL, { logging: false });
const store = new SequelizeStore({ db: database });
const app = express();

passport.use(new Strategy((name, password, done) => done(null, password === 'open' && { name })));
passport.serializeUser((user, done) => done(null, user.name));
passport.deserializeUser((name, done) => done(null, { name }));

const sessions = session({
  name: 'editor.sid',
  secret,
  store,
  resave: false,
  saveUninitialized: true,
  rolling: true,
  cookie: { maxAge: 14 * 24 * 60 * 60 * 1000 },
});

app.use(express.urlencoded({ extended: false }));
app.use(sessions);
app.use(passport.session());

app.get('/me', (req, res) => res.json({ user: req.user?.name ?? null }));
app.post('/login', passport.authenticate('local'), (req, res) => res.json({ user: req.user.name }));
app.post('/logout', (req, res, next) => {
  req.logout((error) => (error ? next(error) : res.json({ user: null })));
});

const server = http.createServer(app);
const io = new Server(server);

/** Only who is signed in may edit. */
io.use(async (socket, next) => {
  try {
    const value = cookie.parse(socket.request.headers.cookie ?? '')['editor.sid'];
    const id = value?.startsWith('s:') && unsign(value.slice(2), secret);
    const found = id ? await new Promise((resolve) => store.get(id, (_, record) => resolve(record))) : null;
    const user = found?.passport?.user;
    if (!user) throw new Error('sign in first');
    socket.data.user = user;
    next();
  } catch (error) {
    next(error);
  }
});

io.on('connection', (socket) => {
  socket.on('who', (answer) => answer(socket.data.user));
});

void store.sync().then(() => {
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
});
