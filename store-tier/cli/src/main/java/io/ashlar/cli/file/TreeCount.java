package io.ashlar.cli.file;

import java.nio.file.Path;

/** Counts what a walk meets. Thread: one. */
public final class TreeCount implements FileTree.Visitor {
  public long files;
  public long bytes;
  long links;
  long special;

  @Override
  public void onFile(Path file, BlobName name, long length) {
    files++;
    bytes += length;
  }

  @Override
  public void onLink(Path link) {
    links++;
  }

  @Override
  public void onSpecial(Path path) {
    special++;
  }

  @Override
  public void onError(Path path, Exception error) {}
}
