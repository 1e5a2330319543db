/**
 * The handler of a scenario, behind the subject's middleware.
 *
 * @param {import('../types.ts').Subject} subject
 * @param {import('../types.ts').Act} act
 * @param {boolean} writes whether `act` changes the session
 * @returns {(req: import('../types.ts').Request, res: import('../types.ts').Response) => void}
 */
export function createHandler({ save }, act, writes) {
  return (req, res) => {
    act(req, (body) => {
      if (!save || !writes) {
        send(res, body);
        return;
      }
      save(req).then(
        () => {
          send(res, body);
        },
        (/** @type {unknown} */ error) => {
          fail(res, error);
        },
      );
    });
  };
}

/**
 * @param {import('../types.ts').Response} res
 * @param {unknown} error
 */
export function fail(res, error) {
  res.statusCode = 500;
  send(res, String(error));
}

/**
 * With its length, as Express's `res.send` does.
 *
 * @param {import('../types.ts').Response} res
 * @param {string} body
 */
function send(res, body) {
  res.setHeader('Content-Length', body.length);
  res.end(body);
}
