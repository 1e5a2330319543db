'use strict';

var util = require('util');
var session = require('express-session-jwt');

function OldStore() {
  session.Store.call(this);
  this.records = {};
}

util.inherits(OldStore, session.Store);

OldStore.prototype.get = function (id, callback) {
  var text = this.records[id];
  callback(null, text && JSON.parse(text));
};

OldStore.prototype.set = function (id, data, callback) {
  this.records[id] = JSON.stringify(data);
  callback();
};

OldStore.prototype.destroy = function (id, callback) {
  delete this.records[id];
  if (callback) callback();
};

module.exports = OldStore;
