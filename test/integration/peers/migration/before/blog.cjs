'use strict';

/* The office of a blog in the manner of Ghost: a store of its own, whose table wants to know whose session it is. */
const http = require('node:http');
const express = require('express');
const session = require('express-session');
const knex = require('knex');

const database = knex({ client: 'pg', connection: process.env.DATABASE_URL });

class TableStore extends session.Store {
  get(id, callback) {
    const query = database('office_sessions').where({ session_id: id }).first();
    query.then((row) => callback(null, row ? JSON.parse(row.session_data) : null), callback);
  }

  set(id, record, callback) {
    // Nobody's session is not kept.
    if (!record.user_id) {
      callback(null);
      return;
    }
    const row = { session_id: id, user_id: record.user_id, session_data: JSON.stringify(record) };
    const query = database('office_sessions').insert(row).onConflict('session_id').merge();
    query.then(() => callback(null), callback);
  }

  destroy(id, callback) {
    const query = database('office_sessions').where({ session_id: id }).delete();
    query.then(() => callback(null), callback);
  }
}

const app = express();

const sessions = session({
  name: 'office-session',
  secret: process.env.SESSION_SECRET,
  store: new TableStore(),
  resave: false,
  saveUninitialized: false,
  cookie: { path: '/office', sameSite: 'lax', maxAge: 180 * 24 * 60 * 60 * 1000 },
});

app.use(express.urlencoded({ extended: false }));
app.use('/office', sessions);

app.get('/office/me', (req, res) => res.json({ user: req.session.user_id ?? null }));
app.post('/office/login', (req, res) => {
  if (req.body.password !== 'open') {
    res.status(401).end();
    return;
  }
  req.session.user_id = req.body.username;
  res.json({ user: req.session.user_id });
});
app.post('/office/logout', (req, res, next) => {
  req.session.destroy((error) => (error ? next(error) : res.json({ user: null })));
});

/** As after a change of the password. */
app.post('/office/devices/logout', async (req, res) => {
  const { user_id: user } = req.session;
  const ended = await database('office_sessions')
    .where({ user_id: user })
    .whereNot({ session_id: req.sessionID })
    .delete();
  res.json({ ended });
});

const server = http.createServer(app);

async function createTable() {
  await database.raw(
    'create table if not exists office_sessions (' +
      'session_id varchar(32) primary key, user_id varchar(24) not null, session_data text not null)',
  );
}

void createTable().then(() => {
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
});
