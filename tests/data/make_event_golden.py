"""Writes tests/data/events/golden.tfevents with TensorBoard's own writer, for tests/report/event_file_test.cpp.

    pip install tensorboard
    python3 tests/data/make_event_golden.py
"""

import pathlib

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

SECONDS = 1700000000.25
STEPS = [
    (0, {"held_out_divergence": 0.75, "learning_rate": 0.0}),
    (300, {"held_out_divergence": -1e-30, "seconds": 123456.789, "x": float("inf")}),
    (1 << 40, {}),
]


def main():
    events = [event_pb2.Event(wall_time=SECONDS, file_version="brain.Event:2")]
    for index, (step, scalars) in enumerate(STEPS):
        values = [summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        summary = summary_pb2.Summary(value=values)
        events.append(event_pb2.Event(wall_time=SECONDS + index, step=step, summary=summary))
    path = pathlib.Path(__file__).parent / "events" / "golden.tfevents"
    with path.open("wb") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString())
        writer.flush()


if __name__ == "__main__":
    main()
