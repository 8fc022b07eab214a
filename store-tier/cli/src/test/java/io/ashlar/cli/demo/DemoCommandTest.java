package io.ashlar.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.cli.DemoTest;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectStore;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the demo leaves behind; all of it from end to end is {@link DemoTest}. */
@Timeout(60)
class DemoCommandTest {
  private final InMemoryObjectStore below = new InMemoryObjectStore();
  private final StringWriter err = new StringWriter();
  private final Output output =
      new Output(new PrintWriter(new StringWriter()), new PrintWriter(err), Progress.Style.NONE);

  private void put(int objects) {
    for (int i = 0; i < objects; i++) {
      below.put("key/" + i, ObjectBody.of(new byte[1]));
    }
  }

  @Test
  void shouldRemoveMoreObjectsThanOnePageOfThem() {
    put(ObjectStore.LIST_OBJECTS_MAX + 10);
    DemoCommand.removeAll(below, output);
    assertThat(below.listAll("")).isEmpty();
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void shouldSayThatObjectsCouldNotBeRemovedAndEnd() {
    put(ObjectStore.LIST_OBJECTS_MAX + 10);
    FaultyObjectStore refusing = new FaultyObjectStore(below);
    refusing.refuseDeletes(key -> key.equals("key/0") ? "AccessDenied" : null);
    DemoCommand.removeAll(refusing, output);
    assertThat(err.toString())
        .startsWith(
            "note: objects of the tier were not removed: count=1, first=key/0=AccessDenied");
  }
}
