package io.ashlar.tier.json;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The scalar fields of one JSON object: texts, integers and flags. Others are skipped; asking for
 * one that is missing or of another type throws. Thread: one. At most as many are kept as are
 * known.
 */
public final class Fields {
  private static final int FIELDS_MAX = 64;

  private final Map<String, Object> values = new HashMap<>();

  public void read(JsonParser parser, String name) throws IOException {
    JsonToken token = parser.currentToken();
    Object value;
    if (token == JsonToken.VALUE_STRING) {
      value = parser.getText();
    } else if (token == JsonToken.VALUE_NUMBER_INT) {
      value =
          parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
              ? parser.getBigIntegerValue()
              : (Object) parser.getLongValue();
    } else {
      value = token;
      parser.skipChildren();
    }
    keep(name, value);
  }

  /** Notes that a field which is read elsewhere is there. */
  public void mark(String name) {
    keep(name, name);
  }

  private void keep(String name, Object value) {
    if (values.size() == FIELDS_MAX) {
      throw new ManifestFormatException("too many fields: max=" + FIELDS_MAX, null);
    }
    values.put(name, value);
  }

  public void require(String name) {
    if (!values.containsKey(name)) {
      throw new ManifestFormatException("field " + name + " is missing", null);
    }
  }

  public String text(String name) {
    require(name);
    if (values.get(name) instanceof String text) {
      return text;
    }
    throw new ManifestFormatException("field " + name + " is not a text", null);
  }

  /** As {@link #text}; {@code absent} if it is missing. */
  public String textOr(String name, String absent) {
    return values.containsKey(name) ? text(name) : absent;
  }

  public long number(String name) {
    require(name);
    if (values.get(name) instanceof Long number) {
      return number;
    }
    throw new ManifestFormatException("field " + name + " is not an integer of 64 bits", null);
  }

  /** As {@link #number}; {@code absent} if it is missing. */
  public long numberOr(String name, long absent) {
    return values.containsKey(name) ? number(name) : absent;
  }

  /** An integer of 0 to 2⁶⁴ − 1, in the bits of a long. */
  public long unsigned(String name) {
    require(name);
    Object value = values.get(name);
    if (value instanceof Long number && number >= 0) {
      return number;
    }
    if (value instanceof BigInteger number && number.signum() > 0 && number.bitLength() <= 64) {
      return number.longValue();
    }
    throw new ManifestFormatException("field " + name + " is not an unsigned 64-bit integer", null);
  }

  /** As {@link #unsigned}; 0 if it is missing. */
  public long unsignedOrZero(String name) {
    return values.containsKey(name) ? unsigned(name) : 0;
  }

  /** Whether it is missing or null. */
  public boolean isNull(String name) {
    Object value = values.get(name);
    return value == null || value == JsonToken.VALUE_NULL;
  }

  /** A text; null if it is missing or null. */
  public @Nullable String textOrNull(String name) {
    return isNull(name) ? null : text(name);
  }

  /** True or false. */
  public boolean flag(String name) {
    require(name);
    Object value = values.get(name);
    if (value == JsonToken.VALUE_TRUE || value == JsonToken.VALUE_FALSE) {
      return value == JsonToken.VALUE_TRUE;
    }
    throw new ManifestFormatException("field " + name + " is neither true nor false", null);
  }
}
