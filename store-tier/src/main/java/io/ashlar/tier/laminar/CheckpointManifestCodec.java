package io.ashlar.tier.laminar;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import io.ashlar.tier.json.Fields;
import io.ashlar.tier.json.ManifestFormatException;
import io.ashlar.tier.laminar.CheckpointManifest.OperatorSnapshotEntry;
import io.ashlar.tier.laminar.CheckpointManifest.PartitionSnapshotEntry;
import io.ashlar.tier.laminar.CheckpointManifest.SourceOffsetEntry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The JSON of {@link CheckpointManifest}, as LaminarDB reads and writes it. This is its
 * specification.
 *
 * <table>
 *   <caption>Fields, in the order in which they are written</caption>
 *   <tr><th>field</th><th>type</th><th>missing</th></tr>
 *   <tr><td>version</td><td>u32, always 2</td><td>refused</td></tr>
 *   <tr><td>checkpoint_id</td><td>UUID v7</td><td>refused</td></tr>
 *   <tr><td>epoch, timestamp_ms</td><td>u64</td><td>refused</td></tr>
 *   <tr><td>operators</td><td>name → {partitions: [{partition_id u32, is_delta, path,
 *       size_bytes u64, sha256 or null}], total_bytes u64}</td><td>empty; total_bytes 0; sha256
 *       null; the others refused</td></tr>
 *   <tr><td>source_offsets</td><td>name → {source_type, offsets: text → text, epoch u64}</td>
 *       <td>empty; the inner ones refused</td></tr>
 *   <tr><td>parent_id</td><td>UUID v7 or null</td><td>null</td></tr>
 *   <tr><td>watermark</td><td>i64 or null</td><td>null</td></tr>
 *   <tr><td>total_size_bytes</td><td>u64</td><td>0</td></tr>
 * </table>
 *
 * <p>Every field is written, with two spaces of indentation, as LaminarDB does. Unknown fields are
 * ignored, as LaminarDB ignores them. u64 are kept to 2⁶⁴ − 1. A version other than 2 is refused by
 * number.
 *
 * <p><b>Hostile input</b> is bounded: {@value #BYTES_MAX} bytes in all, nesting of {@value
 * #DEPTH_MAX}, text of {@value #TEXT_CHARS_MAX} characters. Duplicate fields, fractions and
 * anything after the object are refused. Thread: any; there is no state.
 */
public final class CheckpointManifestCodec {
  /** Most bytes read as one manifest. */
  public static final int BYTES_MAX = 32 << 20;

  private static final int DEPTH_MAX = 16;
  private static final int TEXT_CHARS_MAX = 64 << 10;
  private static final int NUMBER_CHARS_MAX = 40;

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

  private CheckpointManifestCodec() {}

  /** Writes a manifest as JSON in UTF-8. */
  public static byte[] encode(CheckpointManifest manifest) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes, JsonEncoding.UTF8)) {
      json.setPrettyPrinter(prettyPrinter());
      json.writeStartObject();
      json.writeNumberField("version", CheckpointManifest.VERSION);
      json.writeStringField("checkpoint_id", manifest.checkpointId().toString());
      writeUnsigned(json, "epoch", manifest.epoch());
      writeUnsigned(json, "timestamp_ms", manifest.timestampMs());
      json.writeObjectFieldStart("operators");
      for (Map.Entry<String, OperatorSnapshotEntry> entry : manifest.operators().entrySet()) {
        json.writeObjectFieldStart(entry.getKey());
        writeOperator(json, entry.getValue());
        json.writeEndObject();
      }
      json.writeEndObject();
      json.writeObjectFieldStart("source_offsets");
      for (Map.Entry<String, SourceOffsetEntry> entry : manifest.sources().offsets().entrySet()) {
        json.writeObjectFieldStart(entry.getKey());
        writeSource(json, entry.getValue());
        json.writeEndObject();
      }
      json.writeEndObject();
      CheckpointId parent = manifest.parentId();
      writeTextOrNull(json, "parent_id", parent == null ? null : parent.toString());
      Long watermark = manifest.sources().watermark();
      if (watermark == null) {
        json.writeNullField("watermark");
      } else {
        json.writeNumberField("watermark", watermark);
      }
      writeUnsigned(json, "total_size_bytes", manifest.totalSizeBytes());
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static DefaultPrettyPrinter prettyPrinter() {
    DefaultIndenter lines = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter(
            Separators.createDefaultInstance()
                .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                .withObjectEmptySeparator("")
                .withArrayEmptySeparator(""));
    printer.indentObjectsWith(lines);
    printer.indentArraysWith(lines);
    return printer;
  }

  private static void writeOperator(JsonGenerator json, OperatorSnapshotEntry operator)
      throws IOException {
    json.writeArrayFieldStart("partitions");
    for (PartitionSnapshotEntry partition : operator.partitions()) {
      json.writeStartObject();
      json.writeNumberField("partition_id", partition.partitionId());
      json.writeBooleanField("is_delta", partition.isDelta());
      json.writeStringField("path", partition.path());
      writeUnsigned(json, "size_bytes", partition.sizeBytes());
      writeTextOrNull(json, "sha256", partition.sha256());
      json.writeEndObject();
    }
    json.writeEndArray();
    writeUnsigned(json, "total_bytes", operator.totalBytes());
  }

  private static void writeSource(JsonGenerator json, SourceOffsetEntry source) throws IOException {
    json.writeStringField("source_type", source.sourceType());
    json.writeObjectFieldStart("offsets");
    for (Map.Entry<String, String> offset : source.offsets().entrySet()) {
      json.writeStringField(offset.getKey(), offset.getValue());
    }
    json.writeEndObject();
    writeUnsigned(json, "epoch", source.epoch());
  }

  private static void writeUnsigned(JsonGenerator json, String field, long value)
      throws IOException {
    json.writeFieldName(field);
    json.writeNumber(Long.toUnsignedString(value));
  }

  private static void writeTextOrNull(JsonGenerator json, String field, @Nullable String text)
      throws IOException {
    if (text == null) {
      json.writeNullField(field);
    } else {
      json.writeStringField(field, text);
    }
  }

  /**
   * Reads a manifest.
   *
   * @param json at most {@link #BYTES_MAX} bytes of UTF-8.
   * @throws ManifestFormatException if it is not a manifest of version 2.
   */
  public static CheckpointManifest decode(byte[] json) {
    if (json.length > BYTES_MAX) {
      throw new ManifestFormatException(
          "too long: bytes=" + json.length + ", max=" + BYTES_MAX, null);
    }
    try (JsonParser parser = JSON.createParser(json)) {
      parser.nextToken();
      CheckpointManifest manifest = readManifest(parser);
      if (parser.nextToken() != null) {
        throw new ManifestFormatException("something follows the object", null);
      }
      return manifest;
    } catch (JsonProcessingException e) {
      // Jackson's messages quote the input; a reason without it is enough.
      throw new ManifestFormatException(
          "not valid JSON or out of bounds: " + e.getOriginalMessage(), e);
    } catch (IOException | IllegalArgumentException e) {
      throw new ManifestFormatException(String.valueOf(e.getMessage()), e);
    }
  }

  private static CheckpointManifest readManifest(JsonParser parser) throws IOException {
    Fields fields = new Fields();
    Map<String, OperatorSnapshotEntry> operators = new HashMap<>();
    Map<String, SourceOffsetEntry> sources = new HashMap<>();
    readObject(
        parser,
        name -> {
          switch (name) {
            case "operators" -> readObject(parser, key -> operators.put(key, readOperator(parser)));
            case "source_offsets" ->
                readObject(parser, key -> sources.put(key, readSource(parser)));
            default -> fields.read(parser, name);
          }
        });
    // Before anything else is asked of it: another version may have other fields.
    long version = fields.number("version");
    if (version != CheckpointManifest.VERSION) {
      throw new ManifestFormatException(
          "unsupported version " + version + "; this release reads 2", true, null);
    }
    String parent = fields.textOrNull("parent_id");
    return new CheckpointManifest(
        CheckpointId.parse(fields.text("checkpoint_id")),
        fields.unsigned("epoch"),
        fields.unsigned("timestamp_ms"),
        operators,
        new CheckpointManifest.Sources(
            sources, fields.isNull("watermark") ? null : (Long) fields.number("watermark")),
        parent == null ? null : CheckpointId.parse(parent),
        fields.unsignedOrZero("total_size_bytes"));
  }

  private static OperatorSnapshotEntry readOperator(JsonParser parser) throws IOException {
    Fields fields = new Fields();
    List<PartitionSnapshotEntry> partitions = new ArrayList<>();
    readObject(
        parser,
        name -> {
          if (name.equals("partitions")) {
            fields.mark(name);
            readPartitions(parser, partitions);
          } else {
            fields.read(parser, name);
          }
        });
    fields.require("partitions");
    return new OperatorSnapshotEntry(partitions, fields.unsignedOrZero("total_bytes"));
  }

  private static void readPartitions(JsonParser parser, List<PartitionSnapshotEntry> partitions)
      throws IOException {
    if (!parser.isExpectedStartArrayToken()) {
      throw new ManifestFormatException("field partitions is not an array", null);
    }
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      Fields fields = new Fields();
      readObject(parser, name -> fields.read(parser, name));
      partitions.add(
          new PartitionSnapshotEntry(
              fields.number("partition_id"),
              fields.flag("is_delta"),
              fields.text("path"),
              fields.unsigned("size_bytes"),
              fields.textOrNull("sha256")));
    }
  }

  private static SourceOffsetEntry readSource(JsonParser parser) throws IOException {
    Fields fields = new Fields();
    Map<String, String> offsets = new HashMap<>();
    readObject(
        parser,
        name -> {
          if (name.equals("offsets")) {
            fields.mark(name);
            readObject(parser, key -> offsets.put(key, readText(parser, key)));
          } else {
            fields.read(parser, name);
          }
        });
    fields.require("offsets");
    return new SourceOffsetEntry(fields.text("source_type"), offsets, fields.unsigned("epoch"));
  }

  private static String readText(JsonParser parser, String name) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw new ManifestFormatException(
          "an offset is not a text: nameCharacters=" + name.length(), null);
    }
    return parser.getText();
  }

  /** Takes the value that the parser is at. */
  private interface FieldReader {
    void read(String name) throws IOException;
  }

  private static void readObject(JsonParser parser, FieldReader reader) throws IOException {
    if (!parser.isExpectedStartObjectToken()) {
      throw new ManifestFormatException("an object was expected", null);
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      reader.read(name);
    }
  }
}
