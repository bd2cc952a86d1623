// foreign.js seal KEY hex|base64 NONCE-BYTES TEXT | open KEY hex|base64 ENCRYPTED IV TAG: with Node's crypto.
'use strict';
const crypto = require('crypto');
const [what, key, form, ...rest] = process.argv.slice(2);
const secretKey = Buffer.from(key, 'hex');
if (what === 'seal') {
    const iv = crypto.randomBytes(Number(rest[0]));
    const cipher = crypto.createCipheriv('aes-256-gcm', secretKey, iv);
    const sealed = cipher.update(rest[1], 'utf8', form) + cipher.final(form);
    console.log(`${sealed}\n${iv.toString(form)}\n${cipher.getAuthTag().toString(form)}`);
} else {
    const decipher = crypto.createDecipheriv('aes-256-gcm', secretKey, Buffer.from(rest[1], form));
    decipher.setAuthTag(Buffer.from(rest[2], form));
    console.log(decipher.update(rest[0], form, 'utf8') + decipher.final('utf8'));
}
