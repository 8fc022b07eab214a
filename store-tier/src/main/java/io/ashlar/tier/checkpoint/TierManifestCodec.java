package io.ashlar.tier.checkpoint;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.ashlar.tier.batch.Encryption;
import io.ashlar.tier.json.Fields;
import io.ashlar.tier.json.ManifestFormatException;
import io.ashlar.tier.json.SealedJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The JSON of {@link TierManifest} and of the {@code _latest} hint. This is its specification.
 *
 * <pre>{@code
 * {"version": 3, "storeId": "0123456789abcdef", "incarnation": 7, "generation": 3,
 *  "sequence": 42, "putId": "0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70", "parentSequence": 41,
 *  "lastRecordSequence": 90210, "lastEpoch": 4711, "createdMs": 1763661600000,
 *  "batches": [{"name": "batches/0000000003/0000000001-0192f3a1-…", "kind": "puts",
 *               "entries": 812, "bytes": 1048576, "uncompressedBytes": 4194304,
 *               "crc32c": 3808858755}],
 *  "crc32c":"9a71bb4c"}
 * }</pre>
 *
 * <p>{@code storeId} is 16 hexadecimal digits; every other number is a JSON integer of at most 63
 * bits, but for {@code incarnation}, which is written signed. Every field is required once, in any
 * order. The {@linkplain SealedJson seal} is always last. It is the checksum of every byte before
 * it, is written without white space, and is verified first. Unknown fields are skipped, nested or
 * not, so that a later release can add what an earlier one may ignore.
 *
 * <p>These fields may precede the seal. They are left out where they have the value of the third
 * column ({@link CollectionState}, {@link TierManifest#lineage}):
 *
 * <pre>
 * baseSequence    where the chain begins                              1
 * retainedFrom    the oldest checkpoint that retention keeps          1
 * boundary        manifests at or below it are dropped                0
 * minInflight     batches of the generation below it are settled      0
 * parentInflight  of a claim: minInflight of the one it follows       0
 * held            names of batches that only local references need    []
 * pendingDeletes  names of batches that are being deleted             []
 * lost            names of batches that record lost blobs             []
 * lineage         put id of the newest manifest that a store noted    none
 * encryption      "none", or the newest batches' key: its id, a       not known
 *                 colon, and its check in 8 hexadecimal digits
 * </pre>
 *
 * <p><b>Versions.</b> 3 is written, always sealed. 1 and 2 are what earlier releases wrote, without
 * a seal: 2 if it has one of the first three above, as a reader that ignored these would read
 * another state. A seal that is there is verified in these, too. Any other version is refused by
 * number.
 *
 * <p><b>The hint and the boundary</b> are {@code {"version": 2, "object": "gc/boundary",
 * "sequence": 42}} with a seal. {@code object} is the key, so that neither is taken for the other;
 * the hint adds {@code generation} and {@code minInflight} of its manifest. Earlier releases wrote
 * none of these, and the first ones no version and no seal; all of them read what is written now.
 *
 * <p><b>Hostile input</b> is bounded: {@value #BYTES_MAX} bytes in all, nesting of {@value
 * #DEPTH_MAX}, text of {@value #TEXT_CHARS_MAX} characters, numbers of {@value #NUMBER_CHARS_MAX},
 * and {@link TierManifest#BATCHES_MAX} batches. Duplicate fields, fractions, and anything after the
 * object are refused.
 *
 * <p>Thread: any; there is no state.
 */
public final class TierManifestCodec {
  /** Most bytes read as one manifest. */
  public static final int BYTES_MAX = 8 << 20;

  /** What is written; the first that is always sealed. */
  static final int VERSION = 3;

  private static final int VERSION_MIN = 1;
  private static final int HINT_VERSION = 2;
  private static final int HINT_BYTES_MAX = 1024;
  private static final int DEPTH_MAX = 8;
  private static final int TEXT_CHARS_MAX = 1024;
  private static final int NUMBER_CHARS_MAX = 20;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxDocumentLength(BYTES_MAX)
                  .maxNestingDepth(DEPTH_MAX)
                  .maxStringLength(TEXT_CHARS_MAX)
                  .maxNameLength(TEXT_CHARS_MAX)
                  .maxNumberLength(NUMBER_CHARS_MAX)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private TierManifestCodec() {}

  /** Writes a manifest as sealed JSON in UTF-8. */
  public static byte[] encode(TierManifest manifest) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes, JsonEncoding.UTF8)) {
      json.writeStartObject();
      json.writeNumberField("version", VERSION);
      json.writeStringField("storeId", HexFormat.of().toHexDigits(manifest.storeId()));
      json.writeNumberField("incarnation", manifest.incarnation());
      json.writeNumberField("generation", manifest.generation());
      json.writeNumberField("sequence", manifest.sequence());
      json.writeStringField("putId", manifest.putId().toString());
      json.writeNumberField("parentSequence", manifest.parentSequence());
      json.writeNumberField("lastRecordSequence", manifest.lastRecordSequence());
      json.writeNumberField("lastEpoch", manifest.lastEpoch());
      json.writeNumberField("createdMs", manifest.createdMs());
      json.writeArrayFieldStart("batches");
      for (BatchReference batch : manifest.batches()) {
        json.writeStartObject();
        json.writeStringField("name", batch.name());
        json.writeStringField("kind", batch.kind().name().toLowerCase(Locale.ROOT));
        json.writeNumberField("entries", batch.entries());
        json.writeNumberField("bytes", batch.bytes());
        json.writeNumberField("uncompressedBytes", batch.uncompressedBytes());
        json.writeNumberField("crc32c", batch.crc32c());
        json.writeEndObject();
      }
      json.writeEndArray();
      writeCollection(json, manifest.collection());
      if (manifest.lineage() != null) {
        json.writeStringField("lineage", manifest.lineage().toString());
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return SealedJson.seal(bytes.toByteArray());
  }

  private static void writeCollection(JsonGenerator json, CollectionState collection)
      throws IOException {
    writeUnless(json, "baseSequence", collection.baseSequence(), 1);
    writeUnless(json, "retainedFrom", collection.retainedFrom(), 1);
    writeUnless(json, "boundary", collection.boundary(), 0);
    writeUnless(json, "minInflight", collection.minInflight(), 0);
    writeUnless(json, "parentInflight", collection.parentInflight(), 0);
    writeNames(json, "held", collection.held());
    writeNames(json, "pendingDeletes", collection.pendingDeletes());
    writeNames(json, "lost", collection.lost());
    if (collection.encryption().state() != Encryption.State.UNKNOWN) {
      json.writeStringField("encryption", collection.encryption().text());
    }
  }

  private static void writeUnless(JsonGenerator json, String name, long value, long left)
      throws IOException {
    if (value != left) {
      json.writeNumberField(name, value);
    }
  }

  private static void writeNames(JsonGenerator json, String name, List<String> values)
      throws IOException {
    if (!values.isEmpty()) {
      json.writeArrayFieldStart(name);
      for (String value : values) {
        json.writeString(value);
      }
      json.writeEndArray();
    }
  }

  /**
   * Reads a manifest.
   *
   * @param json at most {@link #BYTES_MAX} bytes of UTF-8.
   * @throws ManifestFormatException if it is not a manifest of version 1 to 3, or not what was
   *     sealed.
   */
  public static TierManifest decode(byte[] json) {
    checkLength(json, BYTES_MAX);
    boolean sealed = SealedJson.verify(json);
    Fields fields = new Fields();
    List<BatchReference> batches = new ArrayList<>();
    List<String> held = new ArrayList<>();
    List<String> pendingDeletes = new ArrayList<>();
    List<String> lost = new ArrayList<>();
    read(
        json,
        (parser, name) -> {
          switch (name) {
            case "batches" -> {
              fields.mark(name);
              readBatches(parser, batches);
            }
            case "held" -> readNames(parser, name, held);
            case "pendingDeletes" -> readNames(parser, name, pendingDeletes);
            case "lost" -> readNames(parser, name, lost);
            default -> fields.read(parser, name);
          }
        });
    // Before anything else is asked of it: another version may have other fields.
    long version = fields.number("version");
    checkVersion(version, VERSION_MIN, VERSION);
    if (version == VERSION && !sealed) {
      throw SealedJson.missing(json);
    }
    fields.require("batches");
    String lineage = fields.textOrNull("lineage");
    try {
      long sequence = fields.number("sequence");
      BatchReference.check(
          "parentSequence", fields.number("parentSequence"), sequence - 1, sequence - 1);
      return new TierManifest(
          new TierManifest.Writer(
              storeId(fields.text("storeId")),
              fields.number("incarnation"),
              fields.number("generation")),
          sequence,
          new TierManifest.Stamp(uuid("putId", fields.text("putId")), fields.number("createdMs")),
          new TierManifest.Reach(fields.number("lastRecordSequence"), fields.number("lastEpoch")),
          batches,
          new CollectionState(
              fields.numberOr("baseSequence", 1),
              fields.numberOr("retainedFrom", 1),
              fields.numberOr("boundary", 0),
              new CollectionState.Inflight(
                  fields.numberOr("minInflight", 0), fields.numberOr("parentInflight", 0)),
              new CollectionState.Names(held, pendingDeletes, lost),
              encryption(fields.textOrNull("encryption"))),
          lineage == null ? null : uuid("lineage", lineage));
    } catch (IllegalArgumentException e) {
      throw new ManifestFormatException(String.valueOf(e.getMessage()), e);
    }
  }

  private static void checkVersion(long version, int min, int max) {
    if (version < min || version > max) {
      throw new ManifestFormatException(
          "unsupported version " + version + "; this release reads " + min + " to " + max,
          true,
          null);
    }
  }

  /** Writes the hint that names the latest manifest, sealed. */
  public static byte[] encodeHint(TierManifest latest) {
    return sealedPointer(
        TierKeys.LATEST,
        latest.sequence(),
        ",\"generation\":"
            + latest.generation()
            + ",\"minInflight\":"
            + latest.collection().minInflight());
  }

  /** Writes the boundary, sealed. */
  public static byte[] encodeBoundary(long sequence) {
    return sealedPointer(TierKeys.BOUNDARY, sequence, "");
  }

  private static byte[] sealedPointer(String object, long sequence, String more) {
    String json =
        "{\"version\":"
            + HINT_VERSION
            + ",\"object\":\""
            + object
            + "\",\"sequence\":"
            + sequence
            + more
            + "}";
    return SealedJson.seal(json.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * What a hint says.
   *
   * @param sequence of the manifest that it names, 1 or more.
   * @param generation of that manifest; 0 in a hint of an earlier release.
   * @param minInflight of that manifest; 0 in a hint of an earlier release, too.
   */
  public record Hint(long sequence, long generation, long minInflight) {
    /** There is none. */
    public static final Hint NONE = new Hint(0, 0, 0);
  }

  /**
   * Reads the hint.
   *
   * @throws ManifestFormatException if it is none, or not what was sealed; the caller may list
   *     instead.
   */
  public static Hint decodeHint(byte[] json) {
    return decodePointer(TierKeys.LATEST, json);
  }

  /**
   * Reads the boundary.
   *
   * @return a sequence of 1 or more.
   * @throws ManifestFormatException if it is none, or not what was sealed.
   */
  public static long decodeBoundary(byte[] json) {
    return decodePointer(TierKeys.BOUNDARY, json).sequence();
  }

  private static Hint decodePointer(String object, byte[] json) {
    checkLength(json, HINT_BYTES_MAX);
    boolean sealed = SealedJson.verify(json);
    Fields fields = new Fields();
    read(json, fields::read);
    long version = fields.numberOr("version", VERSION_MIN);
    checkVersion(version, VERSION_MIN, HINT_VERSION);
    if (version == HINT_VERSION && !sealed) {
      throw SealedJson.missing(json);
    }
    if (!fields.textOr("object", object).equals(object)) {
      throw new ManifestFormatException("it is another object: expected=" + object, null);
    }
    long sequence = fields.number("sequence");
    if (sequence < 1) {
      throw new ManifestFormatException("sequence out of range: value=" + sequence, null);
    }
    return new Hint(sequence, fields.numberOr("generation", 0), fields.numberOr("minInflight", 0));
  }

  private static void checkLength(byte[] json, int bytesMax) {
    if (json.length > bytesMax) {
      throw new ManifestFormatException(
          "too long: bytes=" + json.length + ", max=" + bytesMax, null);
    }
  }

  private static void readBatches(JsonParser parser, List<BatchReference> batches)
      throws IOException {
    if (!parser.isExpectedStartArrayToken()) {
      throw new ManifestFormatException("field batches is not an array", null);
    }
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (batches.size() == TierManifest.BATCHES_MAX) {
        throw new ManifestFormatException(
            "too many batches: max=" + TierManifest.BATCHES_MAX, null);
      }
      Fields fields = new Fields();
      readObject(parser, fields::read);
      batches.add(
          new BatchReference(
              fields.text("name"),
              kind(fields.text("kind")),
              fields.number("entries"),
              fields.number("bytes"),
              fields.number("uncompressedBytes"),
              fields.number("crc32c")));
    }
  }

  private static void readNames(JsonParser parser, String field, List<String> names)
      throws IOException {
    if (!parser.isExpectedStartArrayToken()) {
      throw new ManifestFormatException("field " + field + " is not an array", null);
    }
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() != JsonToken.VALUE_STRING
          || names.size() == CollectionState.NAMES_MAX) {
        throw new ManifestFormatException(
            "field " + field + " has something else than texts, or too many", null);
      }
      names.add(parser.getText());
    }
  }

  private static BatchReference.Kind kind(String text) {
    return switch (text) {
      case "puts" -> BatchReference.Kind.PUTS;
      case "deletes" -> BatchReference.Kind.DELETES;
      default -> throw new ManifestFormatException("kind is neither puts nor deletes", null);
    };
  }

  private static Encryption encryption(@Nullable String text) {
    return text == null ? Encryption.UNKNOWN : Encryption.parse(text);
  }

  private static long storeId(String text) {
    if (text.length() != 2 * Long.BYTES) {
      throw new ManifestFormatException("storeId is not 16 hexadecimal digits", null);
    }
    return HexFormat.fromHexDigitsToLong(text);
  }

  private static UUID uuid(String name, String text) {
    UUID id = UUID.fromString(text);
    if (!id.toString().equals(text)) {
      throw new ManifestFormatException(name + " is not a UUID in its usual form", null);
    }
    return id;
  }

  /** Takes the value that the parser is at. */
  private interface FieldReader {
    void read(JsonParser parser, String name) throws IOException;
  }

  private static void read(byte[] json, FieldReader reader) {
    try (JsonParser parser = JSON.createParser(json)) {
      parser.nextToken();
      readObject(parser, reader);
      if (parser.nextToken() != null) {
        throw new ManifestFormatException("something follows the object", null);
      }
    } catch (IOException | IllegalArgumentException e) {
      // Jackson's messages quote the input; a reason without it is enough.
      throw new ManifestFormatException("not valid JSON or out of bounds: " + reason(e), e);
    }
  }

  private static String reason(Exception e) {
    return e instanceof JsonProcessingException json
        ? json.getOriginalMessage()
        : String.valueOf(e.getMessage());
  }

  private static void readObject(JsonParser parser, FieldReader reader) throws IOException {
    if (!parser.isExpectedStartObjectToken()) {
      throw new ManifestFormatException("an object was expected", null);
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      reader.read(parser, name);
    }
  }
}
