"""Recorded trees of ``/sys`` and ``/dev``: the forms of files that kernels document, without the hardware.

They were written by hand, and each function says from which page. Folders and links are laid out as the kernel does:
hardware below ``/sys/devices``, and entries of classes that point to it through ``device``.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path


class Tree:
    """A machine's ``/sys`` and ``/dev``, to which hardware is added and from which it is taken."""

    def __init__(self, root: Path) -> None:
        self.sys = root / "sys"
        self.dev = root / "dev"
        self.sys.mkdir()
        self.dev.mkdir()

    def hardware(self, address: str, files: Mapping[str, str], *, driver: str = "", bus: str = "pci") -> Path:
        """Add hardware with its files, at an address of a bus."""
        folder = self.sys / "devices" / bus / address
        write(folder, files)
        listed = self.sys / "bus" / bus / "devices"
        listed.mkdir(parents=True, exist_ok=True)
        (listed / address).symlink_to(folder)
        if driver:
            held = self.sys / "bus" / bus / "drivers" / driver
            held.mkdir(parents=True, exist_ok=True)
            (folder / "driver").symlink_to(held)
        return folder

    def entry(self, kind: str, name: str, folder: Path, files: Mapping[str, str] | None = None) -> Path:
        """Add an entry of a class (``drm``, ``accel``) that stands for hardware."""
        entry = folder / kind / name
        write(entry, files or {})
        (entry / "device").symlink_to(folder)
        listed = self.sys / "class" / kind
        listed.mkdir(parents=True, exist_ok=True)
        (listed / name).symlink_to(entry)
        return entry

    def node(self, name: str) -> Path:
        """Add a node through which programs use a device."""
        node = self.dev / name
        node.parent.mkdir(parents=True, exist_ok=True)
        node.touch()
        return node

    def unplug(self, folder: Path) -> None:
        """Take hardware away, with every entry that stood for it."""
        for link in [*self.sys.glob("class/*/*"), *self.sys.glob("bus/*/devices/*")]:
            if link.is_symlink() and link.resolve().is_relative_to(folder):
                link.unlink()
        shutil.rmtree(folder)


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files as the kernel shows them: each ends its line."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{content}\n")


def amd_gpu(tree: Tree, number: int = 0, address: str = "0000:03:00.0") -> Path:
    """Return the hardware of a Radeon card on the driver amdgpu, with its nodes.

    From the kernel's ``Documentation/gpu/amdgpu/thermal.rst`` (gpu_busy_percent and mem_busy_percent in percent; of the
    sensors temp1_input in millidegrees, power1_average and power1_cap in microwatts, freq1_input and freq2_input in
    hertz), ``driver-misc.rst`` (product_name, mem_info_vram_total and mem_info_vram_used in bytes) and ``ras.rst``
    (ras/umc_err_count).
    """
    folder = tree.hardware(
        address,
        {
            "vendor": "0x1002",
            "device": "0x744c",
            "class": "0x030000",
            "product_name": "Radeon RX 7900 XTX",
            "gpu_busy_percent": "37",
            "mem_busy_percent": "12",
            "mem_info_vram_total": "25753026560",
            "mem_info_vram_used": "2147483648",
            "power/runtime_status": "active",
            "ras/umc_err_count": "ue: 1\nce: 24",
            "hwmon/hwmon3/name": "amdgpu",
            "hwmon/hwmon3/temp1_input": "56000",
            "hwmon/hwmon3/temp1_label": "edge",
            "hwmon/hwmon3/temp2_input": "71000",
            "hwmon/hwmon3/power1_average": "212000000",
            "hwmon/hwmon3/power1_cap": "339000000",
            "hwmon/hwmon3/freq1_input": "2304000000",
            "hwmon/hwmon3/freq2_input": "1249000000",
        },
        driver="amdgpu",
    )
    _card(tree, folder, number)
    tree.node("kfd")
    return folder


def intel_gpu_i915(tree: Tree, number: int = 0, address: str = "0000:00:02.0") -> Path:
    """Return the hardware of an Intel GPU on the driver i915, with its nodes.

    From the kernel's ``Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon`` (energy1_input in microjoules,
    power1_max in microwatts, temp1_input in millidegrees) and the driver's own files below ``gt/gt0``
    (drivers/gpu/drm/i915/gt/intel_gt_sysfs_pm.c: rps_act_freq_mhz, rps_RP0_freq_mhz, throttle_reason_*).
    """
    folder = tree.hardware(
        address,
        {
            "vendor": "0x8086",
            "device": "0x56a0",
            "class": "0x030000",
            "power/runtime_status": "active",
            "hwmon/hwmon2/name": "i915",
            "hwmon/hwmon2/energy1_input": "1000000000",
            "hwmon/hwmon2/power1_max": "190000000",
            "hwmon/hwmon2/temp1_input": "61000",
        },
        driver="i915",
    )
    card = _card(tree, folder, number)
    write(
        card / "gt" / "gt0",
        {
            "rps_act_freq_mhz": "2050",
            "rps_RP0_freq_mhz": "2400",
            "throttle_reason_status": "1",
            "throttle_reason_pl1": "1",
            "throttle_reason_pl2": "0",
            "throttle_reason_thermal": "0",
        },
    )
    return folder


def intel_gpu_xe(tree: Tree, number: int = 0, address: str = "0000:04:00.0") -> Path:
    """Return the hardware of an Intel GPU on the driver xe, with its nodes.

    From the kernel's ``Documentation/ABI/testing/sysfs-driver-intel-xe-hwmon`` (temp2_input is the package's), the
    descriptions in drivers/gpu/drm/xe/xe_gt_freq.c (freq0/act_freq, rp0_freq) and xe_gt_throttle.c
    (freq0/throttle/reason_*), and IGT's test of ``tile0/physical_vram_size_bytes``.
    """
    folder = tree.hardware(
        address,
        {
            "vendor": "0x8086",
            "device": "0xe20b",
            "class": "0x030000",
            "power/runtime_status": "active",
            "hwmon/hwmon4/name": "xe",
            "hwmon/hwmon4/energy1_input": "500000000",
            "hwmon/hwmon4/temp2_input": "48000",
            "tile0/physical_vram_size_bytes": "12884901888",
            "tile0/gt0/freq0/act_freq": "2850",
            "tile0/gt0/freq0/rp0_freq": "2850",
            "tile0/gt0/freq0/throttle/status": "0",
            "tile0/gt0/freq0/throttle/reason_pl1": "0",
            "tile0/gt0/freq0/throttle/reason_thermal": "0",
            "tile0/gt1/freq0/act_freq": "1200",
            "tile0/gt1/freq0/rp0_freq": "1400",
        },
        driver="xe",
    )
    _card(tree, folder, number)
    return folder


def intel_npu(tree: Tree, number: int = 0, address: str = "0000:00:0b.0") -> Path:
    """Return the hardware of an Intel NPU on the driver intel_vpu, with its node.

    From the kernel's ``Documentation/ABI/testing/sysfs-driver-ivpu`` (npu_busy_time_us in microseconds,
    npu_memory_utilization in bytes, freq/current_freq and freq/hw_max_freq in MHz).
    """
    folder = tree.hardware(
        address,
        {
            "vendor": "0x8086",
            "device": "0x7d1d",
            "class": "0x120000",
            "power/runtime_status": "active",
            "npu_busy_time_us": "5000000",
            "npu_memory_utilization": "67108864",
            "freq/current_freq": "1400",
            "freq/hw_max_freq": "1850",
        },
        driver="intel_vpu",
    )
    tree.entry("accel", f"accel{number}", folder)
    tree.node(f"accel/accel{number}")
    return folder


def amd_npu(tree: Tree, number: int = 0) -> Path:
    """Return the hardware of an AMD NPU on the driver amdxdna, with its node.

    From the kernel's drivers/accel/amdxdna/amdxdna_sysfs.c (vbnv, fw_version).
    """
    folder = tree.hardware(
        "0000:c5:00.1",
        {"vendor": "0x1022", "device": "0x17f0", "class": "0x118000", "vbnv": "RyzenAI-npu5"},
        driver="amdxdna",
    )
    tree.entry("accel", f"accel{number}", folder)
    tree.node(f"accel/accel{number}")
    return folder


def ascend(tree: Tree, number: int = 0) -> Path:
    """Return the hardware of a Huawei Ascend NPU, with its node ``davinciN`` as Huawei's driver names it.

    Vendor 19e5 and the class of processing accelerators (12) from the PCI ID repository.
    """
    folder = tree.hardware(
        f"0000:{0xC1 + number:x}:00.0",
        {"vendor": "0x19e5", "device": "0xd802", "class": "0x120000"},
        driver="devdrv_device_driver",
    )
    tree.node(f"davinci{number}")
    return folder


def edge_tpu_on_pci(tree: Tree) -> Path:
    """Return the hardware of an Edge TPU on PCI with the driver apex, with its node.

    From the kernel's drivers/staging/gasket/apex_driver.c (vendor 1ac1, device 089a) and Google's documentation of its
    Coral M.2 boards (the file ``temp`` in millidegrees).
    """
    folder = tree.hardware(
        "0000:05:00.0", {"vendor": "0x1ac1", "device": "0x089a", "class": "0x0880ff"}, driver="apex"
    )
    tree.entry("apex", "apex_0", folder, {"temp": "45050", "status": "ALIVE"})
    tree.node("apex_0")
    return folder


def edge_tpu_on_usb(tree: Tree) -> Path:
    """Return the hardware of a Coral USB Accelerator that has run a program, with its node.

    From Google's udev rules for it (18d1:9302, before its first program 1a6e:089a) and the kernel's
    ``Documentation/ABI/testing/sysfs-bus-usb``.
    """
    folder = tree.hardware(
        "2-1", {"idVendor": "18d1", "idProduct": "9302", "busnum": "2", "devnum": "5"}, bus="usb"
    )
    tree.node("bus/usb/002/005")
    return folder


def qualcomm(tree: Tree) -> list[Path]:
    """Return the hardware of a Cloud AI 100, an Adreno GPU and a Hexagon DSP, with their nodes.

    From the kernel's ``Documentation/accel/qaic``, drivers/gpu/drm/msm and drivers/misc/fastrpc.c (its node
    ``fastrpc-cdsp`` is a misc device).
    """
    card = tree.hardware(
        "0000:01:00.0", {"vendor": "0x17cb", "device": "0xa100", "class": "0x120000"}, driver="qaic"
    )
    tree.entry("accel", "accel0", card)
    tree.node("accel/accel0")
    graphics = tree.hardware("ae01000.display-controller", {"uevent": ""}, driver="msm_dpu", bus="platform")
    _card(tree, graphics, 0)
    signal = tree.sys / "devices" / "virtual" / "misc" / "fastrpc-cdsp"
    write(signal, {"dev": "10:124"})
    listed = tree.sys / "class" / "misc"
    listed.mkdir(parents=True)
    (listed / "fastrpc-cdsp").symlink_to(signal)
    tree.node("fastrpc-cdsp")
    return [card, graphics, signal]


def apple(tree: Tree) -> list[Path]:
    """Return the hardware of an Apple M1 under Asahi Linux: its GPU and its neural engine, with their nodes.

    From the device tree bindings ``gpu/apple,agx.yaml`` (406400000.gpu) and the drivers' names asahi and ane.
    """
    graphics = tree.hardware("406400000.gpu", {"uevent": "DRIVER=asahi"}, driver="asahi", bus="platform")
    _card(tree, graphics, 0)
    engine = tree.hardware("26a000000.ane", {"uevent": "DRIVER=ane"}, driver="ane", bus="platform")
    tree.entry("accel", "accel0", engine)
    tree.node("accel/accel0")
    return [graphics, engine]


def unknown_accelerator(tree: Tree) -> Path:
    """Return the hardware of an accelerator of Rockchip's on the driver rocket, with its node.

    From the kernel's ``Documentation/accel/rocket`` (a platform device in the class ``accel``).
    """
    folder = tree.hardware("fdab0000.npu", {"uevent": "DRIVER=rocket"}, driver="rocket", bus="platform")
    tree.entry("accel", "accel0", folder)
    tree.node("accel/accel0")
    return folder


def nvidia_without_driver(tree: Tree, driver: str = "") -> Path:
    """Return the hardware of an NVIDIA card that NVIDIA's driver does not hold.

    Vendor 10de and the class of controllers without a screen (0302) from the PCI ID repository.
    """
    return tree.hardware(
        "0000:0a:00.0", {"vendor": "0x10de", "device": "0x2330", "class": "0x030200"}, driver=driver
    )


def _card(tree: Tree, folder: Path, number: int) -> Path:
    """Add a graphics card's entries: the card, its render node, and an output that is none."""
    card = tree.entry("drm", f"card{number}", folder)
    tree.entry("drm", f"renderD{128 + number}", folder)
    output = card / f"card{number}-HDMI-A-1"
    output.mkdir()
    (tree.sys / "class" / "drm" / f"card{number}-HDMI-A-1").symlink_to(output)
    tree.node(f"dri/renderD{128 + number}")
    return card
