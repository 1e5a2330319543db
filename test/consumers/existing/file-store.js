// A store as they were written before classes; keeps its records in memory here, to leave no files.
var util = require('util');
var session = require('express-session');

/**
 * @constructor
 * @this {any}
 */
function FileStore() {
  session.Store.call(this);
  this.records = new Map();
}
util.inherits(FileStore, session.Store);

/** @this {any} */
FileStore.prototype.get = function get(id, callback) {
  var text = this.records.get(id);
  setImmediate(callback, null, text && JSON.parse(text));
};

/** @this {any} */
FileStore.prototype.set = function set(id, data, callback) {
  this.records.set(id, JSON.stringify(data));
  setImmediate(callback);
};

/** @this {any} */
FileStore.prototype.destroy = function destroy(id, callback) {
  this.records.delete(id);
  if (callback) setImmediate(callback);
};

module.exports = FileStore;
