package io.ashlar.tier.object;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A body over a file. If the file shrinks meanwhile, the put that reads it fails.
 *
 * @param file the file.
 * @param length its length, in bytes.
 */
public record FileBody(Path file, long length) implements ObjectBody {

  static FileBody of(Path file) throws IOException {
    return new FileBody(file, Files.size(file));
  }

  @Override
  public InputStream newStream() throws IOException {
    return new BodyStream(Files.newInputStream(file), length, n -> {});
  }

  @Override
  public void writeTo(WritableByteChannel target) throws IOException {
    try (FileChannel source = FileChannel.open(file, StandardOpenOption.READ)) {
      for (long offset = 0; offset < length; ) {
        long n = source.transferTo(offset, length - offset, target);
        if (n <= 0) {
          throw BodyStream.endedEarly(offset, length);
        }
        offset += n;
      }
    }
  }
}
