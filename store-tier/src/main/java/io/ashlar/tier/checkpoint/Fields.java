package io.ashlar.tier.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * The scalar fields of one JSON object: texts and integers. Others are skipped; asking for one that
 * is missing or of another type throws. Thread: one. At most as many are kept as are known.
 */
final class Fields {
  private static final int FIELDS_MAX = 64;

  private final Map<String, Object> values = new HashMap<>();

  void read(JsonParser parser, String name) throws IOException {
    JsonToken token = parser.currentToken();
    Object value;
    if (token == JsonToken.VALUE_STRING) {
      value = parser.getText();
    } else if (token == JsonToken.VALUE_NUMBER_INT) {
      value = parser.getLongValue();
    } else {
      value = token;
      parser.skipChildren();
    }
    keep(name, value);
  }

  /** Notes that a field which is read elsewhere is there. */
  void mark(String name) {
    keep(name, name);
  }

  private void keep(String name, Object value) {
    if (values.size() == FIELDS_MAX) {
      throw new ManifestFormatException("too many fields: max=" + FIELDS_MAX, null);
    }
    values.put(name, value);
  }

  void require(String name) {
    if (!values.containsKey(name)) {
      throw new ManifestFormatException("field " + name + " is missing", null);
    }
  }

  String text(String name) {
    require(name);
    if (values.get(name) instanceof String text) {
      return text;
    }
    throw new ManifestFormatException("field " + name + " is not a text", null);
  }

  long number(String name) {
    require(name);
    if (values.get(name) instanceof Long number) {
      return number;
    }
    throw new ManifestFormatException("field " + name + " is not an integer of 64 bits", null);
  }
}
