/** multer: the session is changed when a file has arrived, long after it was loaded. */
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { createApp, dataOf } from '../peers/site';
import { load } from './packages';
import { describePackage, type Run } from './side-by-side';
import type { Visitor } from './visitor';

type Multer = (options: object) => { single(field: string): RequestHandler };

interface WithFile {
  file?: { originalname: string; size: number };
  body: { title?: string };
}

async function open(run: Run): Promise<Visitor> {
  const app = createApp();
  const upload = load<Multer>('multer')({ limits: { fileSize: 100_000 } });
  app.use(run.session());
  app.post('/upload', upload.single('file'), (req, res) => {
    const { file, body } = req as unknown as WithFile;
    dataOf(req).files = [...filesOf(req), `${String(body.title)}: ${String(file?.size)}`];
    res.redirect('/');
  });
  app.post('/login', upload.single('file'), (req, res) => {
    dataOf(req).user = (req as unknown as WithFile).body.title;
    res.redirect('/');
  });
  app.get('/', (req, res) => {
    res.send([dataOf(req).user ?? 'nobody', ...filesOf(req)].join('; '));
  });
  app.use(((error: Error, _req, res, next) => {
    if (res.headersSent) next(error);
    else res.status(413).send(error.message);
  }) satisfies ErrorRequestHandler);
  return await run.visitor(app);
}

function filesOf(req: Parameters<typeof dataOf>[0]): string[] {
  return (dataOf(req).files ?? []) as string[];
}

function form(title: string, size: number): RequestInit {
  const body = new FormData();
  body.set('title', title);
  body.set('file', new Blob(['x'.repeat(size)]), 'file.txt');
  return { method: 'POST', body };
}

describePackage('multer', ['multer'], (sideBySide) => {
  sideBySide(
    'stores what uploads change, a sign-in among them',
    {
      'uploads a file': '302 / +connect.sid',
      'uploads a larger one': '302 / +connect.sid',
      'uploads one that is too large': '413 File too large',
      'signs in by a form with a file': '302 / +connect.sid',
      'sees what is stored': '200 ann; small: 10; large: 90000',
      'whoever has the cookie from before': '200 ann; small: 10; large: 90000',
    },
    async (run) => {
      const ann = await open(run);
      await ann.visit('uploads a file', '/upload', form('small', 10));
      await ann.visit('uploads a larger one', '/upload', form('large', 90_000));
      await ann.visit('uploads one that is too large', '/upload', form('huge', 110_000));
      const planted = ann.copy();
      await ann.visit('signs in by a form with a file', '/login', form('ann', 1000));
      await ann.visit('sees what is stored', '/');
      await planted.visit('whoever has the cookie from before', '/');
    },
  );
});
