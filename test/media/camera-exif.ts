/**
 * The metadata that a phone writes into a JPEG, byte by byte: EXIF (big-endian TIFF with Make, Model, Orientation and
 * a GPS folder), an XMP packet that repeats the place, and a comment. Tags: CIPA DC-008 (EXIF 2.32), tables 4 and 15.
 */

interface Tag {
  readonly id: number;
  /** 2 ASCII, 3 SHORT, 4 LONG, 5 RATIONAL. */
  readonly type: 2 | 3 | 4 | 5;
  readonly count: number;
  readonly value: Buffer;
}

function ascii(id: number, text: string): Tag {
  const value = Buffer.from(`${text}\0`, 'latin1');
  return { id, type: 2, count: value.length, value };
}

function short(id: number, number: number): Tag {
  const value = Buffer.alloc(2);
  value.writeUInt16BE(number);
  return { id, type: 3, count: 1, value };
}

function long(id: number, number: number): Tag {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(number);
  return { id, type: 4, count: 1, value };
}

function degrees(id: number, parts: readonly (readonly [number, number])[]): Tag {
  const value = Buffer.alloc(8 * parts.length);
  for (const [index, [numerator, denominator]] of parts.entries()) {
    value.writeUInt32BE(numerator, 8 * index);
    value.writeUInt32BE(denominator, 8 * index + 4);
  }
  return { id, type: 5, count: parts.length, value };
}

/** A directory at an offset of the TIFF block, followed by the values that do not fit into four bytes. */
function directory(offset: number, tags: readonly Tag[]): Buffer {
  const table = Buffer.alloc(2 + 12 * tags.length + 4);
  table.writeUInt16BE(tags.length);
  const outside: Buffer[] = [];
  let next = offset + table.length;
  for (const [index, tag] of tags.entries()) {
    const at = 2 + 12 * index;
    table.writeUInt16BE(tag.id, at);
    table.writeUInt16BE(tag.type, at + 2);
    table.writeUInt32BE(tag.count, at + 4);
    if (tag.value.length <= 4) {
      tag.value.copy(table, at + 8);
      continue;
    }
    table.writeUInt32BE(next, at + 8);
    const padded = Buffer.concat([tag.value, Buffer.alloc(tag.value.length % 2)]);
    outside.push(padded);
    next += padded.length;
  }
  return Buffer.concat([table, ...outside]);
}

function exif(orientation: number): Buffer {
  const header = Buffer.from([0x4d, 0x4d, 0x00, 0x2a, 0x00, 0x00, 0x00, 0x08]);
  const main = (gpsOffset: number) =>
    directory(8, [
      ascii(0x010f, 'Posthaste Optics'),
      ascii(0x0110, 'Test Camera 1'),
      short(0x0112, orientation),
      ascii(0x0132, '2026:05:17 10:15:30'),
      long(0x8825, gpsOffset),
    ]);
  const gpsOffset = 8 + main(0).length;
  const gps = directory(gpsOffset, [
    ascii(0x0001, 'N'),
    degrees(0x0002, [
      [48, 1],
      [51, 1],
      [3024, 100],
    ]),
    ascii(0x0003, 'E'),
    degrees(0x0004, [
      [2, 1],
      [17, 1],
      [4020, 100],
    ]),
    ascii(0x001d, '2026:05:17'),
  ]);
  return Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), header, main(gpsOffset), gps]);
}

const xmp = Buffer.from(
  'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
    '<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="48,51.504N" exif:GPSLongitude="2,17.670E"/>' +
    '</rdf:RDF></x:xmpmeta>',
  'latin1',
);

function segment(marker: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

/** Puts the metadata behind the start-of-image marker of a bare JPEG. */
export function asFromCamera(jpeg: Buffer, orientation: number): Buffer {
  const metadata = [
    segment(0xe1, exif(orientation)),
    segment(0xe1, xmp),
    segment(0xfe, Buffer.from('GPS 48.8584 2.2945')),
  ];
  return Buffer.concat([jpeg.subarray(0, 2), ...metadata, jpeg.subarray(2)]);
}
