"""An RTSP server as a process: ``PORT [garbage]``; runs on Debian's Python, which has GStreamer's bindings."""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PICTURE = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=10/1"
GOOD = f"( {PICTURE} ! x264enc tune=zerolatency key-int-max=10 ! rtph264pay name=pay0 pt=96 config-interval=1 )"
# Bytes that pretend to be H.264 and are none.
GARBAGE = (
    "( fakesrc is-live=true sizetype=2 sizemax=900 filltype=3 do-timestamp=true datarate=20000 ! "
    "application/x-rtp,media=video,clock-rate=90000,encoding-name=H264,payload=96 ! identity name=pay0 )"
)

Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_service(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(GARBAGE if "garbage" in sys.argv else GOOD)
factory.set_shared(True)
server.get_mount_points().add_factory("/cam", factory)
server.attach(None)
print("ready", flush=True)
GLib.MainLoop().run()
